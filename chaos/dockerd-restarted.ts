import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { eventsOf } from './check-job.ts'
import type { Clients } from './clients.ts'
import { Findings } from './findings.ts'
import type { Job } from './fleet.ts'
import { type Lab, withLab } from './lab.ts'
import { ANSWER_SECONDS } from './load.ts'
import { OwnDockerd } from './own-dockerd.ts'
import { inOwnNamespaces, lacksNamespaces, ownFolder } from './own-namespaces.ts'
import { Random, spread } from './random.ts'
import type { Options, Outcome, Scenario } from './scenario.ts'
import { saveTaskImage } from './task-image.ts'
import { until } from './until.ts'

const signals = ['SIGTERM', 'SIGKILL'] as const
type Signal = (typeof signals)[number]
/** From the engine that answers again to the answer of an instance in place of the one that ended with it. */
const REPLACED_SECONDS = 30
/** What a job must say whose container was ended by the engine: who it was, and the way out. */
const ENGINE_ENDED_IT = /^InternalServerError: .*container engine.*"live-restore"/
/** What ends while Docker 20.10 is away ends with a code that it does not know. */
const ENDED_UNSEEN = /^InternalServerError: The container ended while the container engine was away/
/** A job of which so much has run will not be over by itself before the engine is. */
const EARLY_PART = 0.5

/** Of a job that is to live through every restart. The API's own limit. */
const MOST_RETRIES = 30

export const dockerdRestarted: Scenario = {
  name: 'dockerd',
  does: 'restarts a dockerd of its own (SIGTERM, SIGKILL; with and without live-restore) while jobs and an endpoint run',
  lacks: ({ engine }) => (engine === 'docker' ? lacksNamespaces() : 'it is for the docker engine alone'),
  run: async (options, say) => {
    const folder = ownFolder()
    if (folder !== undefined) return await runInside(folder, options, say)
    return await inOwnNamespaces('dockerd', options, async (outside) => {
      say('making the image of the tasks')
      await saveTaskImage(archiveIn(outside), new Random(options.seed))
    })
  },
}

function archiveIn(folder: string): string {
  return join(folder, 'image.tar')
}

async function runInside(folder: string, options: Options, say: (text: string) => void): Promise<Outcome> {
  const random = new Random(options.seed)
  const dockerd = new OwnDockerd(folder)
  process.env.DOCKER_HOST = `unix://${dockerd.socket}`
  const outcomes: Outcome[] = []
  try {
    await dockerd.start({ liveRestore: false })
    say('loading the image of the tasks')
    dockerd.load(archiveIn(folder))
    for (const liveRestore of [false, true]) {
      await dockerd.stop('SIGTERM')
      await dockerd.start({ liveRestore })
      outcomes.push(await restarts(dockerd, liveRestore, options, random, say))
    }
  } finally {
    await dockerd.close()
  }
  return {
    histogram: Object.assign({}, ...outcomes.map(({ histogram }) => histogram)),
    figures: Object.assign({}, ...outcomes.map(({ figures }) => figures)),
    failures: outcomes.flatMap(({ failures }) => failures),
  }
}

async function restarts(
  dockerd: OwnDockerd,
  liveRestore: boolean,
  options: Options,
  random: Random,
  say: (text: string) => void,
): Promise<Outcome> {
  const named = (what: string) => (liveRestore ? `${what}, live-restore` : what)
  const findings = new Findings(signals.map(named))
  await findings.hold(named('run'), () =>
    withLab(options, random, say, async (lab) => {
      const plan = spread(signals, Math.max(signals.length, Math.round(options.kills / 2)), random)
      for (const [index, signal] of plan.entries()) {
        const told = await restartOnce(lab, dockerd, { signal, liveRestore }, random, findings)
        findings.count(named(signal))
        say(`restart ${index + 1}/${plan.length} ${named(signal)}: ${told}`)
      }
      say('waiting for the end of all jobs')
      await lab.load.stop()
      await findings.checkAll(lab, options)
      // Docker 20.10 gives volumes of what lived through a restart away only after the next one.
      if (liveRestore) await restartIdle(lab, dockerd)
    }),
  )
  const left = dockerd.volumeMounts()
  if (left.length > 0) findings.failures.push(`is left behind: ${left.join('; ')}`)
  const { histogram, figures, failures } = findings.outcome()
  return { histogram, failures, figures: Object.fromEntries(Object.entries(figures).map(([k, v]) => [named(k), v])) }
}

async function restartOnce(
  lab: Lab,
  dockerd: OwnDockerd,
  { signal, liveRestore }: { readonly signal: Signal; readonly liveRestore: boolean },
  random: Random,
  findings: Findings,
): Promise<string> {
  const { fleet, load } = lab
  const again = liveRestore ? undefined : await fleet.start('Completed', MOST_RETRIES)
  const running = await until('a job that may be started again', 60, async () => {
    const now = await fleet.refill()
    return again === undefined || now.includes(again) ? now : undefined
  })
  await delay(random.next() * 1_000)
  const lines = new Map(await Promise.all(running.map(async (job) => [job, await linesOf(lab.clients, job)] as const)))
  if (!liveRestore) load.away()
  const from = Date.now()
  const ended = dockerd.stop(signal)
  if (liveRestore) for (const job of fleet.jobs) job.mayFail = ENDED_UNSEEN
  else expectEnds(fleet.jobs, lines)
  await ended
  const stoppedMs = performance.now()
  const added = await fleet.start('Completed')
  const stopped = liveRestore ? await fleet.stopOne() : undefined
  await delay(random.next() * 2_000)
  await dockerd.start({ liveRestore })
  for (const job of fleet.jobs) job.away.push({ from, to: Date.now() })
  const awayMs = performance.now() - stoppedMs
  const answerMs = await load.back(liveRestore ? ANSWER_SECONDS : REPLACED_SECONDS)
  findings.time('from the engine that answers again to an answer of the endpoint', answerMs)
  if (liveRestore) fleet.running() // throws where one was started again
  const asked = stopped ? `, ${stopped.name} asked to stop` : ''
  return `${running.length} jobs running, away for ${Math.round(awayMs)} ms, ${added.name} created${asked}; endpoint after ${Math.round(answerMs)} ms`
}

async function restartIdle({ endpoints, engine, server }: Lab, dockerd: OwnDockerd): Promise<void> {
  await endpoints.deleteAll()
  await dockerd.stop('SIGTERM')
  await dockerd.start({ liveRestore: true })
  await until('the end of all volumes', 10, async () => {
    const left = await engine.leftBehind(server.home)
    return left.some((what) => what.startsWith('volume ')) ? undefined : true
  })
}

/** Those in the midst of their work must fail, with the log that they had, or be started again; others may just have ended. */
function expectEnds(jobs: readonly Job[], lines: ReadonlyMap<Job, number>): void {
  for (const job of jobs) {
    const printed = lines.get(job) ?? 0
    if (job.linesAtKill !== undefined || job.retries > 0) continue
    if (printed > 0 && printed < job.lines * EARLY_PART) {
      job.ending = 'Failed'
      job.reason = ENGINE_ENDED_IT
      job.linesAtKill = printed
    } else job.mayFail = ENGINE_ENDED_IT
  }
}

async function linesOf(clients: Clients, job: Job): Promise<number> {
  return (await eventsOf(clients, job)).filter(({ message }) => message.startsWith('line ')).length
}
