import { randomBytes } from 'node:crypto'
import { closeSync, openSync, rmSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { bucket } from './clients.ts'
import { Findings } from './findings.ts'
import type { Job } from './fleet.ts'
import { type Lab, withLab } from './lab.ts'
import { Random, spread } from './random.ts'
import type { Scenario } from './scenario.ts'
import { until } from './until.ts'

const kinds = ['while jobs run', 'while one uploads', 'and the server killed'] as const
const DISK_MIB = 1_536
const MIB = 1024 * 1024
/** What a message must say of it, from whichever part it comes. */
const SAYS_SO = /disk|space/i
/** From the space that is free again to the first object that is stored. */
const GOES_ON_SECONDS = 10

export const diskFull: Scenario = {
  name: 'disk',
  does: 'fills the disk of the home (a tmpfs) while jobs run and upload, and gives the space back',
  lacks: () => (process.getuid?.() === 0 ? undefined : 'only root can mount a small disk'),
  run: async (options, say) => {
    const random = new Random(options.seed)
    const findings = new Findings([...kinds])
    const small = { ...options, short: true }
    await findings.hold('run', () =>
      withLab(
        small,
        random,
        say,
        async (lab) => {
          const plan = spread(kinds, Math.max(kinds.length, Math.round(options.kills / 4)), random)
          for (const [index, kind] of plan.entries()) {
            await lab.fleet.refill()
            const told = await fillOnce(lab, kind, random, findings)
            findings.count(kind)
            say(`disk full ${index + 1}/${plan.length} ${kind}: ${told}`)
          }
          say('waiting for the end of all jobs')
          await lab.fleet.start('Completed')
          await lab.load.stop()
          await findings.checkAll(lab, small)
        },
        DISK_MIB,
      ),
    )
    return findings.outcome()
  },
}

async function fillOnce(lab: Lab, kind: (typeof kinds)[number], random: Random, findings: Findings): Promise<string> {
  const { fleet, load, server } = lab
  if (kind === 'while one uploads') await uploading(lab)
  const touched = await unfinished(lab)
  load.away('PutObject')
  const ballast = join(server.home, 'ballast')
  const filledMiB = fill(ballast)
  try {
    await findings.hold(kind, () => refusesAndReads(lab, ballast))
    await delay(500 + random.next() * 1_500)
    fill(ballast)
    if (kind === 'and the server killed') {
      load.away()
      await server.kill()
      await findings.hold(kind, () => startsOrSaysWhy(lab))
    }
  } finally {
    rmSync(ballast)
  }
  if (!server.isUp) await server.up()
  for (const job of touched) job.mayFail = SAYS_SO
  const goesOnMs = await timed(() =>
    until('an object stored after the space is free', GOES_ON_SECONDS, () =>
      lab.clients.s3.putObject({ Bucket: bucket, Key: 'after', Body: 'after' }).then(
        () => true,
        () => undefined,
      ),
    ),
  )
  await load.back(GOES_ON_SECONDS)
  findings.time('from the free space to the first object stored', goesOnMs)
  fleet.running() // throws where one was started again
  return `${filledMiB} MiB of ballast, ${touched.length} jobs under way, goes on after ${Math.round(goesOnMs)} ms`
}

/** With nothing left: what writes is refused in words, what reads is answered. */
async function refusesAndReads({ clients, endpoints, endpoint, fleet }: Lab, ballast: string): Promise<void> {
  // A task that just ends gives some space back.
  const refusal = await until('the refusal of an object', 10, () => {
    fill(ballast)
    return clients.s3.putObject({ Bucket: bucket, Key: 'too-much', Body: randomBytes(4 * MIB) }).then(
      () => undefined,
      (error) => error,
    )
  })
  if (refusal.$metadata?.httpStatusCode !== 507 || !SAYS_SO.test(refusal.message))
    throw new Error(`the refusal of an object is ${refusal.$metadata?.httpStatusCode} ${refusal}`)
  const { Contents } = await clients.s3.listObjectsV2({ Bucket: bucket, Prefix: 'channel/', MaxKeys: 1 })
  await clients.s3
    .getObject({ Bucket: bucket, Key: Contents?.[0]?.Key ?? '' })
    .then(({ Body }) => Body?.transformToString())
  await Promise.all(fleet.jobs.slice(-3).map((job) => fleet.statusOf(job)))
  await endpoints.ask(endpoint, 'on a full disk')
}

/** A server on a full disk either serves or ends with words that name the disk. */
async function startsOrSaysWhy({ server }: Lab): Promise<void> {
  try {
    await server.up()
  } catch (error) {
    if (!SAYS_SO.test(String(error))) throw new Error(`a start on a full disk does not say why it fails: ${error}`)
  }
}

async function unfinished({ fleet }: Lab): Promise<readonly Job[]> {
  const states = await Promise.all(fleet.jobs.map(async (job) => ({ job, ...(await fleet.statusOf(job)) })))
  return states.flatMap(({ job, status }) => (status === 'InProgress' ? [job] : []))
}

async function uploading(lab: Lab): Promise<void> {
  await until('a job that uploads', 60, async () => {
    const states = await Promise.all((await unfinished(lab)).map((job) => lab.fleet.statusOf(job)))
    return states.some(({ secondary }) => secondary === 'Uploading') || undefined
  })
}

/** Takes all that is left, to the last byte; resolves to MiB. */
function fill(path: string): number {
  const file = openSync(path, 'a')
  let written = 0
  try {
    for (let size = MIB; size >= 1; ) {
      try {
        written += writeSync(file, Buffer.alloc(size))
        // Space that a task gives back meanwhile would else be taken byte by byte.
        size = Math.min(MIB, size * 16)
      } catch (error) {
        if (!(error instanceof Error && 'code' in error && error.code === 'ENOSPC')) throw error
        size = Math.floor(size / 16)
      }
    }
  } finally {
    closeSync(file)
  }
  return Math.round(written / MIB)
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const started = performance.now()
  await work()
  return performance.now() - started
}
