/** What a server's status says of a training job or an endpoint. */
export interface RunningWork {
  readonly kind: 'training-job' | 'endpoint'
  readonly scope: { readonly account: string; readonly region: string }
  readonly name: string
  readonly status: string
  readonly since: string
  /** Of an endpoint that waits for an instance to answer `/ping` by 200: since when, and what it answered last. */
  readonly ping?: { readonly since: string; readonly answered?: number }
}

const KINDS = { 'training-job': 'training job', endpoint: 'endpoint' } as const

/** The work in a server's answer; a server of an older version says nothing of it. */
export function workIn(answer: Readonly<Record<string, unknown>>): readonly RunningWork[] {
  return Array.isArray(answer.work) ? (answer.work as RunningWork[]) : []
}

/** `training job NAME`, with its place where that is not the server's own. */
export function titleOf({ kind, scope, name }: RunningWork, status: Readonly<Record<string, unknown>>): string {
  const elsewhere = scope.account !== status.account || scope.region !== status.region
  return `${KINDS[kind]} ${name}${elsewhere ? ` (${scope.account}, ${scope.region})` : ''}`
}

/** What an endpoint waits for; empty where it waits for nothing that is known. */
export function waitOf({ ping }: RunningWork): string {
  if (!ping) return ''
  const last = ping.answered === undefined ? 'nothing has answered' : `it answered ${ping.answered} last`
  return `waits for /ping to answer 200 since ${localTime(ping.since)}: ${last}`
}

/** `2026-03-01 12:00:00`, in the zone of the reader. */
export function localTime(iso: string): string {
  return new Date(iso).toLocaleString('sv-SE')
}

export function workKey({ kind, scope, name }: RunningWork): string {
  return [kind, scope.account, scope.region, name].join('/')
}

/** What is told of a server's tasks when it has ended. */
export function tasksGoOn(tasks: number): string {
  return tasks === 1
    ? 'One of its tasks (a running job, an instance of an endpoint) goes on; the next server finds it again. To end it too: down --all.'
    : `${tasks} of its tasks (running jobs, instances of endpoints) go on; the next server finds them again. To end them too: down --all.`
}
