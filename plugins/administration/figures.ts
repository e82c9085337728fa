import type { FastifyInstance } from 'fastify'
import type { Figures } from '../../schemas/administration.js'

/** What this server's metrics say, for people. */
export async function readFigures({ metrics, store }: FastifyInstance): Promise<Figures> {
  const found = new Map((await metrics.getMetricsAsJSON()).map(metric => [metric.name, metric]))
  const value = (name: string, part = name) =>
    (found.get(name)?.values as { value: number; metricName?: string }[] | undefined)?.find(
      ({ metricName = name }) => metricName === part,
    )?.value ?? 0
  const [build] = found.get('talkie_build_info')?.values ?? []
  return {
    version: String(build?.labels.version ?? ''),
    started_at: new Date(value('process_start_time_seconds') * 1000).toISOString(),
    users: await store.countUsers(),
    sockets: value('talkie_sockets'),
    rooms: value('talkie_rooms'),
    appended: value('talkie_commit_events', 'talkie_commit_events_sum'),
    delivered: value('talkie_deliveries_total'),
    memory_bytes: value('process_resident_memory_bytes'),
    lag_ms: Math.round(value('nodejs_eventloop_lag_p99_seconds') * 1e5) / 100,
    store_up: value('talkie_store_up') === 1,
    bus_up: value('talkie_bus_up') === 1,
  }
}
