import { fileURLToPath } from 'node:url'
import { type BuildOptions, build, context } from 'esbuild'

const at = (path: string) => fileURLToPath(new URL(path, import.meta.url))

/** The page as it is served: sources in `static/page`, the result in `build/static/public`. */
const options: BuildOptions = {
  absWorkingDir: at('../../static/page'),
  entryPoints: [
    'main.tsx',
    'page.css',
    'index.html',
    'icon.svg',
    'icon-unread.svg',
    'icon-192.png',
    'icon-512.png',
    'manifest.webmanifest',
    'worker.ts',
  ],
  outdir: at('./public'),
  bundle: true,
  format: 'esm',
  target: 'es2022',
  jsx: 'automatic',
  jsxImportSource: 'preact',
  loader: { '.html': 'copy', '.svg': 'copy', '.png': 'copy', '.webmanifest': 'copy' },
  minify: true,
  sourcemap: 'linked',
  logLevel: 'warning',
}

if (process.argv.includes('--watch')) await (await context(options)).watch()
else await build(options)
