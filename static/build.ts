import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { brotliCompressSync, gzipSync } from 'node:zlib'
import { type BuildOptions, type BuildResult, build, context } from 'esbuild'
import { BROWSERS } from './browsers.js'
import { giveToLazy, type Parts, partsOf, takeFromShell } from './split.js'

const at = (path: string) => fileURLToPath(new URL(path, import.meta.url))
const sources = at('../../static/page')
/** As `/assets/` serves it. */
const outdir = at('./public')

type Built = BuildResult<{ metafile: true }>

const shared: BuildOptions = {
  absWorkingDir: sources,
  outdir,
  bundle: true,
  format: 'esm',
  target: BROWSERS,
  minify: true,
  // Scripts are served as UTF-8; escaped, Hangul would be twice as long.
  charset: 'utf8',
  sourcemap: 'linked',
  logLevel: 'warning',
}

/** Their names carry a hash of their content, so that browsers may keep them for ever. */
const hashed = {
  ...shared,
  entryNames: '[name]-[hash]',
  metafile: true,
  jsx: 'automatic',
  jsxImportSource: 'preact',
  alias: { entities: './text/left-out.ts', 'linkify-it': './text/left-out.ts' },
} satisfies BuildOptions

/** Reads all modules, to find where the page is to be split and, while it watches, what changes. */
const whole: BuildOptions = {
  ...hashed,
  entryPoints: ['main.tsx', 'page.css', 'lazy.css'],
  // Else modules that only `import()` names would count as imported.
  splitting: true,
  write: false,
  plugins: [
    {
      name: 'parts',
      setup: ({ onEnd }) =>
        onEnd(async ({ metafile }) => {
          if (metafile) await buildParts(partsOf(metafile, 'main.tsx'))
        }),
    },
  ],
}

async function buildParts(parts: Parts) {
  const taken = new Set<number>()
  const lazy = await build({
    ...hashed,
    entryPoints: [...parts.lazy, 'lazy.css'],
    plugins: [takeFromShell(parts.shell, taken)],
  })
  const files = new Map([...entriesOf(lazy)].map(([module, name]) => [module, `./${name}`]))
  const shell = await build({
    ...hashed,
    entryPoints: ['main.tsx', 'page.css'],
    define: { LAZY_STYLES: JSON.stringify(entriesOf(lazy).get('lazy.css')) },
    plugins: [giveToLazy(parts, taken, files)],
  })
  await finish(entriesOf(shell), namesOf(lazy))
}

const plain = ['icon.svg', 'icon-unread.svg', 'icon-192.png', 'icon-512.png', 'manifest.webmanifest']

const nameOf = (path: string) => path.split('/').at(-1) as string
const namesOf = ({ metafile }: Built) =>
  Object.keys(metafile.outputs)
    .filter(path => !path.endsWith('.map'))
    .map(nameOf)
/** The name of each entry point's file, by the entry point. */
const entriesOf = ({ metafile }: Built) =>
  new Map(
    Object.entries(metafile.outputs).flatMap(([path, { entryPoint }]) =>
      entryPoint ? [[entryPoint, nameOf(path)]] : [],
    ),
  )

/** Builds what names the hashed files, and compresses everything. */
async function finish(shell: Map<string, string>, lazy: string[]) {
  const names = [...shell.values(), ...lazy]
  const assets = [...names, ...plain.filter(name => name !== 'icon-512.png')].map(name => `/assets/${name}`)
  await build({
    ...shared,
    entryPoints: ['worker.ts', ...plain],
    loader: { '.svg': 'copy', '.png': 'copy', '.webmanifest': 'copy' },
    define: { SHELL: JSON.stringify(['/', ...assets]), BUILD: JSON.stringify(names.join(' ')) },
  })
  let page = readFileSync(join(sources, 'index.html'), 'utf8')
  for (const [entry, name] of shell) page = page.replace(`/assets/${entry.replace('.tsx', '.js')}`, `/assets/${name}`)
  writeFileSync(join(outdir, 'index.html'), page)
  for (const name of readdirSync(outdir)) {
    if (!/\.(js|css|html|svg|webmanifest)$/.test(name)) continue
    const content = readFileSync(join(outdir, name))
    writeFileSync(join(outdir, `${name}.br`), brotliCompressSync(content))
    writeFileSync(join(outdir, `${name}.gz`), gzipSync(content, { level: 9 }))
  }
}

rmSync(outdir, { recursive: true, force: true })
if (process.argv.includes('--watch')) await (await context(whole)).watch()
else await build(whole)
