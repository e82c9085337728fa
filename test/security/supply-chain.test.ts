import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'tap'
import { top } from '../support/process.js'

interface Locked {
  version: string
  license?: string
  integrity?: string
  hasInstallScript?: true
  dev?: true
}

const json = (path: string) => JSON.parse(readFileSync(join(top, path), 'utf8'))
const wanted = json('package.json')
const lock = json('package-lock.json')
/** Every package that `npm ci` may install, by its path in the lock file. */
const locked = Object.entries<Locked>(lock.packages).filter(([path]) => path !== '')
const nameOf = (path: string) => path.replace(/^.*node_modules\//, '')

/** Licences that allow to use, change and pass on the server, also in a closed product, without conditions on its code. */
const PERMISSIVE = ['MIT', 'ISC', 'BSD-2-Clause', 'BSD-3-Clause', 'Apache-2.0', 'BlueOak-1.0.0']
/** Also allowed for tools, which no installation of the server contains. */
const FOR_TOOLS = ['CC0-1.0', 'CC-BY-3.0', 'MPL-2.0', 'PSF-2.0', 'WTFPL']
/** Packages that state their licence in a file only, as read there. */
const READ_IN_FILE: Record<string, string> = { 'jsonc-simple-parser': 'MIT' }

/** Of a choice (`MIT OR …`) one licence is enough. */
const isAllowed = (license: string, allowed: string[]) =>
  license.split(/[()]| OR /).some(choice => allowed.includes(choice.trim()))

test('every dependency has an exact version, and every installed file a checksum', async t => {
  for (const kind of ['dependencies', 'devDependencies', 'peerDependencies', 'overrides']) {
    for (const [name, version] of Object.entries(wanted[kind])) {
      t.match(version, /^\d+\.\d+\.\d+$/, `${name} in ${kind}`)
    }
  }
  t.strictSame(lock.packages[''].dependencies, wanted.dependencies, 'the lock file belongs to package.json')
  t.strictSame(lock.packages[''].devDependencies, wanted.devDependencies)
  for (const [path, { integrity }] of locked) t.match(integrity, /^sha512-/, path)
  t.ok(locked.length > 400)
})

test('every package has a licence that allows to use and pass on the server', async t => {
  for (const [path, { license = READ_IN_FILE[nameOf(path)], dev }] of locked) {
    if (license === undefined) t.fail(`${path} has no licence: read it, and add it to READ_IN_FILE`)
    else t.ok(isAllowed(license, dev ? [...PERMISSIVE, ...FOR_TOOLS] : PERMISSIVE), `${path}: ${license}`)
  }
})

test('no package of the server runs a script when it is installed', async t => {
  for (const [path, { hasInstallScript, dev }] of locked) {
    if (!hasInstallScript) continue
    t.ok(dev, `${path} is a tool`)
    t.equal(wanted.allowScripts[nameOf(path)], false, `${path} works without its script, and npm is told not to run it`)
  }
})

test('one command lists every package with its licence and checksum', async t => {
  const text = execFileSync('npm', ['sbom', '--package-lock-only', '--sbom-format', 'cyclonedx'], {
    cwd: top,
    env: { PATH: process.env.PATH, HOME: process.env.HOME },
    maxBuffer: 64 * 1024 * 1024,
  }).toString()
  t.match(readFileSync(join(top, 'SECURITY.md'), 'utf8'), /^npm sbom --package-lock-only --sbom-format cyclonedx/m)
  type Property = { name: string; value: string }
  const components: { name: string; version: string; hashes: unknown[]; properties: Property[] }[] =
    JSON.parse(text).components
  const found = new Map(components.map(component => [`${component.name}@${component.version}`, component]))
  for (const [path, { version, dev }] of locked) {
    const component = found.get(`${nameOf(path)}@${version}`)
    t.ok((component?.hashes.length ?? 0) > 0, path)
    const isTool = component?.properties.some(({ name }) => name === 'cdx:npm:package:development')
    if (!dev) t.notOk(isTool, `${path} is not listed as a tool`)
  }
})
