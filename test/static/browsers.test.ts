import { readdirSync, readFileSync } from 'node:fs'
import { test } from 'tap'
import { BROWSERS, TOO_NEW } from '../../static/browsers.js'

const built = new URL('../../static/public/', import.meta.url)
const scripts = readdirSync(built).filter(name => name.endsWith('.js'))

test('the built scripts call nothing that the oldest supported browsers lack', t => {
  t.ok(scripts.some(name => name.startsWith('main-')) && scripts.includes('worker.js'))
  for (const name of scripts) {
    const script = readFileSync(new URL(name, built), 'utf8')
    for (const pattern of TOO_NEW) t.equal(pattern.exec(script)?.[0], undefined, `${name}: ${pattern}`)
  }
  t.end()
})

test('the check finds what older browsers lack', t => {
  const examples = ['URL.canParse(x)', 'AbortSignal.timeout(1)', 'a.toSorted()', 'Object.groupBy(a,b)']
  for (const text of examples)
    t.ok(
      TOO_NEW.some(pattern => pattern.test(text)),
      text,
    )
  t.end()
})

test('docs/browsers.md names the versions that the page is built for', t => {
  const text = readFileSync(new URL('../../../docs/browsers.md', import.meta.url), 'utf8')
  const rows = {
    chrome: /Chrome and Edge[^|]*\| ([\d.]+)/,
    firefox: /Firefox[^|]*\| ([\d.]+)/,
    safari: /Safari[^|]*\| ([\d.]+)/,
  }
  const same: Record<string, keyof typeof rows> = { edge: 'chrome', ios: 'safari' }
  for (const browser of BROWSERS) {
    const [, name = '', version] = /^([a-z]+)([\d.]+)$/.exec(browser) ?? []
    t.equal(rows[same[name] ?? (name as keyof typeof rows)].exec(text)?.[1], version, browser)
  }
  t.end()
})
