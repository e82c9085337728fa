import { readFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import type { Metafile, Plugin, PluginBuild } from 'esbuild'

/**
 * The page is split into the shell, which `index.html` loads, and lazy scripts, which `import()` loads.
 *
 * esbuild's own splitting would move what both use into more files, which the shell would have to load first. Here the
 * shell stays one file, and so does each lazy script, which finds the shell's modules in `globalThis.shell`, each by its
 * index. So no second copy of the shell is ever loaded, even if it came from a server of another version under another
 * name. Modules that only lazy scripts use are copied into each of them; a module that keeps state belongs to the shell.
 */
export interface Parts {
  /** The modules that are loaded before anything is clicked, as the metafile names them. */
  shell: string[]
  /** The modules that only `import()` names. */
  lazy: string[]
}

export function partsOf({ inputs }: Metafile, entry: string): Parts {
  const shell = new Set([entry])
  const lazy = new Set<string>()
  // This also visits the modules that the loop adds.
  for (const module of shell) {
    for (const { path, kind } of inputs[module]?.imports ?? []) (kind === 'dynamic-import' ? lazy : shell).add(path)
  }
  return { shell: [...shell], lazy: [...lazy].filter(module => !shell.has(module)) }
}

type Found = { path: string; namespace?: string; external?: boolean }

/** Lets `choose` replace what an import leads to, by the metafile's name of the module. */
function onImport(build: PluginBuild, choose: (module: string, kind: string) => Found | undefined) {
  build.onResolve({ filter: /.*/ }, async ({ path, kind, importer, resolveDir, pluginData }) => {
    if (pluginData === 'resolving' || kind === 'entry-point') return undefined
    const found = await build.resolve(path, { kind, importer, resolveDir, pluginData: 'resolving' })
    return choose(relative(build.initialOptions.absWorkingDir as string, found.path), kind)
  })
}

/** For the lazy scripts: takes the shell's modules from the shell, and adds the index of each to `taken`. */
export const takeFromShell = (shell: string[], taken: Set<number>): Plugin => ({
  name: 'take from shell',
  setup(build) {
    onImport(build, (module, kind) => {
      const index = shell.indexOf(module)
      if (index < 0 || kind === 'dynamic-import') return undefined
      taken.add(index)
      return { path: String(index), namespace: 'shell' }
    })
    build.onLoad({ filter: /.*/, namespace: 'shell' }, ({ path }) => ({
      contents: `module.exports = globalThis.shell[${path}]`,
    }))
  },
})

/**
 * For the shell: gives the modules that are taken to the lazy scripts, and loads these under their hashed names.
 * @param files the URL of each lazy script, relative to the shell's, by its module
 */
export const giveToLazy = ({ shell }: Parts, taken: Set<number>, files: Map<string, string>): Plugin => ({
  name: 'give to lazy',
  setup(build) {
    onImport(build, (module, kind) => {
      const path = kind === 'dynamic-import' ? files.get(module) : undefined
      return path === undefined ? undefined : { path, external: true }
    })
    const folder = build.initialOptions.absWorkingDir as string
    const entry = join(folder, shell[0] as string)
    build.onLoad({ filter: /\.tsx$/ }, ({ path }) => {
      if (path !== entry) return undefined
      const indexes = [...taken].sort((one, other) => one - other)
      const imports = indexes.map(
        index => `import * as m${index} from ${JSON.stringify(join(folder, shell[index] as string))}`,
      )
      const given = `globalThis.shell = {${indexes.map(index => `${index}: m${index}`).join()}}`
      // The imports stand in the first line, so that the source map's line numbers stay right.
      return { contents: `${imports.join(';')};${readFileSync(path, 'utf8')}\n${given}`, loader: 'tsx' }
    })
  },
})
