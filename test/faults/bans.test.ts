import root, { type Test, test } from 'tap'
import { build } from '../support/application.js'
import { raceBans, raceInvitations, raceNames } from '../support/ban-race.js'
import type { Fate } from '../support/redis-proxy.js'
import { repeat } from '../support/repeat.js'
import { clusterMissing, fileDatabase, startServers } from '../support/servers.js'

const database = await fileDatabase(root)

/** Set RACE_TRIES for a longer run: so many bans, and a fifth as many races for a name. */
const { RACE_TRIES } = process.env

const FATES: Fate[] = ['swallow', 'repeat', 'swap', 'pass']

async function lyingCluster(t: Test) {
  const { apps, proxies } = await startServers(t, database, 2)
  for (const proxy of proxies) proxy.fate = () => FATES[Math.floor(Math.random() * FATES.length)] as Fate
  return apps
}

for (const [name, skip] of [
  ['one server', false],
  ['two servers whose bus lies', clusterMissing],
] as const) {
  test(`nothing by a banned user follows the ban, names stay unique, and no invitation is used too often: ${name}`, {
    skip,
    timeout: 0,
  }, async t => {
    const servers = name === 'one server' ? [await build(t)] : await lyingCluster(t)
    const isOne = servers.length === 1
    const bans = Number(RACE_TRIES ?? (isOne ? repeat(1000, 40) : repeat(40, 6)))
    const figures = await raceBans(servers, bans)
    t.equal(figures.behind, 0)
    t.ok(figures.sent > 0 && figures.refused > 0, 'both outcomes occurred')
    const names = RACE_TRIES ? Math.ceil(Number(RACE_TRIES) / 5) : isOne ? repeat(200, 20) : repeat(10, 4)
    t.equal(await raceNames(servers, names), 0)
    const invitations = isOne ? repeat(10, 1) : repeat(2, 1)
    t.strictSame(await raceInvitations(servers, invitations), Array(invitations).fill(10), 'each was used ten times')
    t.comment(`${figures.sent} sent, ${figures.refused} refused, in ${bans} bans; ${names} names`)
  })
}
