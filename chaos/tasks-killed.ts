import { setTimeout as delay } from 'node:timers/promises'
import { eventsOf } from './check-job.ts'
import type { Clients } from './clients.ts'
import { Findings } from './findings.ts'
import type { Fleet, Job } from './fleet.ts'
import { type Lab, withLab } from './lab.ts'
import { processesOfTasks } from './processes.ts'
import { Random, spread } from './random.ts'
import type { Scenario } from './scenario.ts'
import { until } from './until.ts'

const kinds = ['command', 'supervisor', 'instance'] as const
/** From the death of an instance to an answer of the one in its place. The server waits longer after each death. */
const REPLACED_SECONDS = 45

export const tasksKilled: Scenario = {
  name: 'tasks',
  does: 'kills commands of jobs, supervisors and instances of an endpoint while the server lives',
  lacks: () => undefined,
  run: async (options, say) => {
    const random = new Random(options.seed)
    const findings = new Findings([...kinds])
    await findings.hold('run', () =>
      withLab(options, random, say, async (lab) => {
        const plan = spread(kinds, options.kills, random)
        for (const [index, kind] of plan.entries()) {
          await lab.fleet.refill()
          await delay(random.next() * 1_000)
          const told = await kills[kind](lab, findings)
          findings.count(kind)
          lab.fleet.running() // throws where one was started again
          say(`kill ${index + 1}/${plan.length} ${kind}: ${told}`)
        }
        say('waiting for the end of all jobs')
        await lab.load.stop()
        await findings.checkAll(lab, options)
      }),
    )
    return findings.outcome()
  },
}

const kills: Readonly<Record<(typeof kinds)[number], (lab: Lab, findings: Findings) => Promise<string>>> = {
  command: async ({ clients, fleet }) => {
    const job = await youngest(fleet)
    job.linesAtKill = await someLines(clients, job)
    const script = fleet.processOf(job)
    if (!script) throw new Error(`${job.name} has no process`)
    process.kill(script.pid, 'SIGKILL')
    mustFail(job, /exit code: 137$/)
    return `process ${script.pid} of ${job.name}`
  },
  supervisor: async ({ clients, fleet, engine, server }) => {
    const job = await youngest(fleet)
    job.linesAtKill = await someLines(clients, job)
    mustFail(job, await engine.killSupervisor(server.home, job.token))
    return `that of ${job.name}`
  },
  instance: async ({ load, endpoint, run }, findings) => {
    const instances = () => [...processesOfTasks(new RegExp(`${run}-model-[a-z]+-`)).values()].flat()
    const before = instances()
    const [eldest] = before
    if (!eldest) throw new Error(`${endpoint} has no process`)
    load.away()
    process.kill(eldest.pid, 'SIGKILL')
    const replacedMs = await load.back(REPLACED_SECONDS)
    findings.time('from the death of an instance to an answer of the next', replacedMs)
    await until('the end of the dead instance', 10, () => {
      const now = instances()
      return before.every((old) => now.every(({ pid, began }) => pid !== old.pid || began !== old.began)) || undefined
    })
    return `process ${eldest.pid} of ${endpoint}, replaced after ${Math.round(replacedMs)} ms`
  },
}

/** The one that has the most before it; the others may end by themselves meanwhile. */
function youngest(fleet: Fleet): Promise<Job> {
  return until('a running job that is to succeed', 60, async () => {
    // Those that are being killed still run for a moment, and count.
    const running = await fleet.refill()
    return running.findLast(({ reason }) => reason === undefined)
  })
}

/** How many the log has: some, for a script that has just begun has printed nothing that could be lost. */
function someLines(clients: Clients, job: Job): Promise<number> {
  return until(`a line of ${job.name}`, 20, async () => {
    const events = await eventsOf(clients, job)
    return events.filter(({ message }) => message.startsWith('line ')).length || undefined
  })
}

function mustFail(job: Job, reason: RegExp): void {
  job.ending = 'Failed'
  job.reason = reason
}
