import type { LogsPorts } from './context.ts'

/**
 * Frees what retention let go: removes streams whose newest event is older than their group's retention. Younger
 * streams stay whole on disk; what is too old in them is hidden from readers. Resolves to the number removed.
 */
export async function expireStreams(ports: LogsPorts, now: Date): Promise<number> {
  let removed = 0
  for await (const { scope, name: group, value } of ports.settings.each([
    { field: 'retention_days', is: 'greater', value: 0 },
  ])) {
    const since = now.getTime() - (value.retentionDays ?? Number.POSITIVE_INFINITY) * 86_400_000
    for (const stream of await ports.logStore.streams(scope, group)) {
      const newest = (stream.lastEvent ?? stream.created).getTime()
      const ingested = (stream.lastIngested ?? stream.created).getTime()
      // Both: a stream that is being written to is never taken away, whatever times its events bear.
      if (newest >= since || ingested >= since) continue
      if (await ports.logStore.deleteStream(scope, group, stream.name)) removed++
    }
  }
  return removed
}
