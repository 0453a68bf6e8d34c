import { type Aimed, aims, type Phase, phases } from './aims.ts'
import { Findings } from './findings.ts'
import { AT_LEAST_RUNNING } from './fleet.ts'
import { type Lab, withLab } from './lab.ts'
import { Random, spread } from './random.ts'
import type { Scenario } from './scenario.ts'

const ATTEMPTS = 8

export const serversKilled: Scenario = {
  name: 'server',
  does: 'kills the server and starts it again, in every phase of jobs and endpoints',
  lacks: () => undefined,
  run: async (options, say) => {
    const random = new Random(options.seed)
    const findings = new Findings(phases)
    await findings.hold('run', () =>
      withLab(options, random, say, async (lab) => {
        const plan = spread(phases, options.kills, random)
        for (const [index, phase] of plan.entries()) {
          for (let counts = false; !counts; ) {
            await lab.fleet.refill()
            const { running, told } = await killOnce(lab, phase, random, findings)
            // Where one had just ended by itself, it is done again.
            counts = running >= AT_LEAST_RUNNING
            if (counts) findings.count(phase)
            say(`kill ${index + 1}/${plan.length} ${phase}${counts ? '' : ' (not counted)'}: ${told}`)
          }
          if (index % 5 === 3) {
            const stopped = await lab.fleet.stopOne()
            if (stopped) say(`asked ${stopped.name} to stop`)
          }
        }
        say('waiting for the end of all jobs')
        await lab.load.stop()
        await findings.checkAll(lab, options)
      }),
    )
    return findings.outcome()
  },
}

async function killOnce(
  lab: Lab,
  phase: Phase,
  random: Random,
  findings: Findings,
): Promise<{ running: number; told: string }> {
  const { server, fleet, load } = lab
  const aimed = await aimAt(lab, phase, random)
  load.away()
  const killed = server.kill()
  await killed
  const whileAway = fleet.running()
  const started = performance.now()
  await server.up()
  const upMs = performance.now() - started
  const answerMs = await load.back()
  fleet.running() // throws where one was started again
  await findings.hold(phase, async () => aimed.after?.())
  findings.time('from the start of the server to its record', upMs)
  findings.time('from then to the first answer of the endpoint', answerMs)
  const told = `${aimed.saw}, ${whileAway.length} jobs running; up after ${Math.round(upMs)} ms, endpoint after ${Math.round(answerMs)} ms more`
  return { running: whileAway.length, told }
}

async function aimAt(lab: Lab, phase: Phase, random: Random): Promise<Aimed> {
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const aimed = await aims[phase]({ ...lab, random }, attempt)
    if (aimed) return aimed
    await lab.fleet.refill()
  }
  throw new Error(`the phase ${phase} went by ${ATTEMPTS} times before it could be seen twice`)
}
