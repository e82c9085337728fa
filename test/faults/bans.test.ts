import root, { test } from 'tap'
import { build } from '../support/application.js'
import { raceBans, raceNames } from '../support/ban-race.js'
import { repeat } from '../support/repeat.js'
import { clusterMissing, fileDatabase, startServers } from '../support/servers.js'

const database = await fileDatabase(root)

for (const [name, skip] of [
  ['one server', false],
  ['two servers', clusterMissing],
] as const) {
  test(`nothing by a banned user follows the ban, and names stay unique: ${name}`, { skip, timeout: 0 }, async t => {
    const servers = name === 'one server' ? [await build(t)] : (await startServers(t, database, 2)).apps
    const bans = Number(process.env.RACE_TRIES ?? (servers.length === 1 ? repeat(400, 40) : repeat(60, 6)))
    const figures = await raceBans(servers, bans)
    t.equal(figures.behind, 0)
    t.ok(figures.sent > 0 && figures.refused > 0, 'both outcomes occurred')
    const names = servers.length === 1 ? repeat(200, 20) : repeat(40, 4)
    t.equal(await raceNames(servers, names), 0)
    t.comment(`${figures.sent} sent, ${figures.refused} refused, in ${bans} bans; ${names} names`)
  })
}
