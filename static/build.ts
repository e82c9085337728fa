import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { brotliCompressSync, gzipSync } from 'node:zlib'
import { type BuildOptions, build, context, type Metafile } from 'esbuild'
import { BROWSERS } from './browsers.js'

const at = (path: string) => fileURLToPath(new URL(path, import.meta.url))
const sources = at('../../static/page')
/** As `/assets/` serves it. */
const outdir = at('./public')

const shared: BuildOptions = {
  absWorkingDir: sources,
  outdir,
  bundle: true,
  format: 'esm',
  target: BROWSERS,
  minify: true,
  sourcemap: 'linked',
  logLevel: 'warning',
}

/** Their names carry a hash of their content, so that browsers may keep them for ever. */
const hashed: BuildOptions = {
  ...shared,
  entryPoints: ['main.tsx', 'page.css'],
  entryNames: '[name]-[hash]',
  metafile: true,
  jsx: 'automatic',
  jsxImportSource: 'preact',
  plugins: [
    {
      name: 'shell',
      setup: ({ onEnd }) =>
        onEnd(async ({ metafile }) => {
          if (metafile) await buildShell(namesOf(metafile))
        }),
    },
  ],
}

const plain = ['icon.svg', 'icon-unread.svg', 'icon-192.png', 'icon-512.png', 'manifest.webmanifest']

/** The hashed name of each entry point by its plain one: `main.js` and `page.css`. */
function namesOf({ outputs }: Metafile): Map<string, string> {
  const files = Object.entries(outputs).filter(([, { entryPoint }]) => entryPoint !== undefined)
  return new Map(files.map(([path]) => path.split('/').at(-1) as string).map(name => [plainName(name), name]))
}
const plainName = (name: string) => name.replace(/-[^-.]+(?=\.)/, '')

/** Builds what names the hashed files, and compresses everything. */
async function buildShell(names: Map<string, string>) {
  const assets = [...names.values(), ...plain.filter(name => name !== 'icon-512.png')].map(name => `/assets/${name}`)
  await build({
    ...shared,
    entryPoints: ['worker.ts', ...plain],
    loader: { '.svg': 'copy', '.png': 'copy', '.webmanifest': 'copy' },
    define: { SHELL: JSON.stringify(['/', ...assets]), BUILD: JSON.stringify([...names.values()].join(' ')) },
  })
  let page = readFileSync(join(sources, 'index.html'), 'utf8')
  for (const [name, hashed] of names) page = page.replace(`/assets/${name}`, `/assets/${hashed}`)
  writeFileSync(join(outdir, 'index.html'), page)
  for (const name of readdirSync(outdir)) {
    if (!/\.(js|css|html|svg|webmanifest)$/.test(name)) continue
    const content = readFileSync(join(outdir, name))
    writeFileSync(join(outdir, `${name}.br`), brotliCompressSync(content))
    writeFileSync(join(outdir, `${name}.gz`), gzipSync(content, { level: 9 }))
  }
}

rmSync(outdir, { recursive: true, force: true })
if (process.argv.includes('--watch')) await (await context(hashed)).watch()
else await build(hashed)
