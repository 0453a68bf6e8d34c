import { setTimeout as delay } from 'node:timers/promises'
import type { Endpoints } from './endpoints.ts'
import type { Fleet, Job } from './fleet.ts'
import type { Load } from './load.ts'
import type { Random } from './random.ts'
import { until } from './until.ts'

export const phases = ['staging', 'running', 'uploading', 'deploying', 'updating', 'invoking'] as const
export type Phase = (typeof phases)[number]

export interface Targets {
  readonly fleet: Fleet
  readonly endpoints: Endpoints
  readonly load: Load
  /** The endpoint under load. */
  readonly endpoint: string
  readonly random: Random
}

/** What was seen in the moment of the kill, and what must come of it once the server is back. */
export interface Aimed {
  readonly saw: string
  readonly after?: () => Promise<void>
}

/** Each resolves in the moment in which the real state is the phase, or to undefined where it went by too fast. */
export const aims: Readonly<Record<Phase, (targets: Targets, attempt: number) => Promise<Aimed | undefined>>> = {
  staging: async ({ fleet, random }, attempt) => {
    const job = await fleet.start()
    await delay(within(random, 40, attempt))
    return jobIn(fleet, job, ['Starting', 'Downloading'])
  },
  running: async ({ fleet, random }, attempt) => {
    await delay(within(random, 2_000, attempt))
    const running = fleet.running()
    const job = running[random.below(running.length)]
    return job && jobIn(fleet, job, ['Training'])
  },
  uploading: async ({ fleet, random }, attempt) => {
    const job = await until(
      'a job that uploads',
      120,
      async () => {
        const states = await Promise.all(
          fleet.jobs.slice(-8).map(async (one) => ({ one, ...(await fleet.statusOf(one)) })),
        )
        return states.find(({ secondary }) => secondary === 'Uploading')?.one
      },
      2,
    )
    await delay(within(random, 60, attempt))
    return jobIn(fleet, job, ['Uploading'])
  },
  deploying: async ({ endpoints, random }, attempt) => {
    const name = await endpoints.create(`deployed-${random.below(1e9)}`)
    await delay(within(random, 800, attempt))
    const status = await endpoints.statusOf(name)
    const after = async () => {
      await endpoints.inService(name)
      const version = await endpoints.ask(name, name)
      if (version !== 'one') throw new Error(`${name} answers with version ${version}`)
      await endpoints.delete(name)
    }
    if (status === 'Creating') return { saw: `${name} ${status}`, after }
    await after()
    return undefined
  },
  updating: async ({ endpoints, endpoint, random }, attempt) => {
    const version = (await endpoints.ask(endpoint, 'which')) === 'one' ? 'two' : 'one'
    await endpoints.update(endpoint, version)
    await delay(within(random, 800, attempt))
    const status = await endpoints.statusOf(endpoint)
    const after = async () => {
      await endpoints.inService(endpoint)
      const found = await endpoints.ask(endpoint, 'which')
      if (found !== version) throw new Error(`${endpoint} was updated to version ${version} and answers with ${found}`)
    }
    if (status === 'Updating') return { saw: `${endpoint} ${status} to ${version}`, after }
    await after()
    return undefined
  },
  invoking: async ({ load, endpoint, random }, attempt) => {
    await delay(within(random, 300, attempt))
    const inFlight = await until('a request under way', 10, () => load.inFlight || undefined, 1)
    return { saw: `${inFlight} requests to ${endpoint} under way` }
  },
}

/** Some ms, fewer at every further attempt. */
function within(random: Random, most: number, attempt: number): number {
  return random.next() * most * 0.5 ** attempt
}

async function jobIn(fleet: Fleet, job: Job, wanted: readonly string[]): Promise<Aimed | undefined> {
  const { secondary = '' } = await fleet.statusOf(job)
  return wanted.includes(secondary) ? { saw: `${job.name} ${secondary}` } : undefined
}
