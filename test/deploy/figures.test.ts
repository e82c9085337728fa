import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'tap'
import { parse } from 'yaml'
import { build } from '../support/application.js'
import { top } from '../support/process.js'

interface Rule {
  alert: string
  expr: string
  for?: string
  labels: { severity: string }
  annotations: { summary: string; runbook_url: string }
}

const read = (path: string) => readFileSync(join(top, path), 'utf8')
const { groups } = parse(read('deploy/alerts.yaml')) as { groups: { rules: Rule[] }[] }
const rules = groups.flatMap(({ rules }) => rules)
const dashboard = JSON.parse(read('deploy/grafana.json')) as {
  panels: { id: number; title: string; gridPos: object; targets: { expr: string }[] }[]
  templating: { list: { name: string; query: string }[] }
}
const queries = [
  ...rules.map(({ alert, expr }) => [alert, expr] as const),
  ...dashboard.panels.flatMap(({ title, targets }) => targets.map(({ expr }) => [title, expr] as const)),
  ...dashboard.templating.list.map(({ name, query }) => [name, query] as const),
]

/** Metrics of a server that has been used, with their labels. */
async function figures(app: Awaited<ReturnType<typeof build>>) {
  await app.inject('/health')
  const { body } = await app.inject('/metrics')
  const found = new Map<string, Map<string, Set<string>>>()
  for (const [, name, labels = ''] of body.matchAll(/^([a-z_]\w*)(?:\{(.*)\})? \S+$/gm)) {
    const known = found.get(name as string) ?? new Map<string, Set<string>>()
    found.set(name as string, known)
    for (const [, label, value] of labels.matchAll(/(\w+)="([^"]*)"/g)) {
      known.set(label as string, (known.get(label as string) ?? new Set()).add(value as string))
    }
  }
  // Prometheus adds this one.
  found.set('up', new Map())
  return found
}

test('every metric and label that the dashboard and the alerts query exists', async t => {
  const known = await figures(await build(t))
  /** Labels that Prometheus adds to every metric. */
  const added = ['job', 'instance']
  let asked = 0
  for (const [where, expr] of queries) {
    for (const [, name, selectors] of expr.matchAll(/([a-z_]\w*)\{([^}]*)\}/g)) {
      asked++
      const labels = known.get(name as string)
      if (!t.ok(labels, `${where}: ${name}`)) continue
      for (const [, label, operator, value] of (selectors as string).matchAll(/(\w+)(=~|!=|!~|=)"([^"]*)"/g)) {
        if (added.includes(label as string)) continue
        t.ok(labels?.has(label as string), `${where}: ${name} has ${label}`)
        // Labels of routes and states appear only after requests.
        if (operator === '=') t.ok(labels?.get(label as string)?.has(value as string), `${where}: ${label}=${value}`)
      }
    }
    for (const [, labels] of expr.matchAll(/\bby \(([^)]*)\)/g)) {
      for (const label of (labels as string).split(', ')) {
        const names = [...expr.matchAll(/([a-z_]\w*)\{/g)].map(([, name]) => known.get(name as string))
        t.ok(added.includes(label) || names.some(each => each?.has(label)), `${where}: by ${label}`)
      }
    }
  }
  t.ok(asked > 40)
})

test('docs/operating.md has a section for every alert and no other', async t => {
  const page = read('docs/operating.md')
  const headings = [...page.matchAll(/^### (Talkie\w+)$/gm)].map(([, name]) => name)
  t.strictSame(headings.sort(), rules.map(({ alert }) => alert).sort())
  for (const { alert, for: time, labels, annotations } of rules) {
    t.equal(annotations.runbook_url, `docs/operating.md#${alert.toLowerCase()}`)
    t.match(labels.severity, /^(page|ticket)$/)
    if (time !== undefined) t.match(time, /^\d+[sm]$/)
    t.ok(annotations.summary)
  }
})

test('every panel of the dashboard has its own id and position', async t => {
  const { panels } = dashboard
  t.equal(new Set(panels.map(({ id }) => id)).size, panels.length)
  t.equal(new Set(panels.map(({ gridPos }) => JSON.stringify(gridPos))).size, panels.length)
  for (const { title, targets } of panels) t.ok(targets.length > 0, title)
})
