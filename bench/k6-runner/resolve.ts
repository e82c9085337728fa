import type { ResolveHook } from 'node:module'

/** The supported k6 modules and their substitutes. */
const standIns = new Map(
  Object.entries({
    k6: 'k6',
    'k6/execution': 'execution',
    'k6/http': 'http',
    'k6/metrics': 'metrics',
    'k6/timers': 'timers',
    'k6/websockets': 'websockets',
  }).map(([name, file]) => [name, new URL(`stand-ins/${file}.js`, import.meta.url).href]),
)

const isStandIn: ReadonlySet<string> = new Set(standIns.values())

/**
 * In k6 every VU has its own instance of every module. Here `?vu=` in a module's address makes instances: a script's
 * imports inherit it, and so do the substitutes, but not the modules that these import, which all VUs share.
 */
export const resolve: ResolveHook = async (specifier, context, next) => {
  const parent = new URL(context.parentURL ?? import.meta.url)
  const vu = parent.searchParams.get('vu')
  parent.search = ''
  if (vu === null || isStandIn.has(parent.href)) return next(specifier, context)
  const standIn = standIns.get(specifier)
  if (standIn === undefined && /^k6($|\/)/.test(specifier))
    throw new Error(`${specifier} is not supported by this runner`)
  const { url } = standIn === undefined ? await next(specifier, context) : { url: standIn }
  const own = new URL(url)
  own.searchParams.set('vu', vu)
  return { url: own.href, shortCircuit: true }
}
