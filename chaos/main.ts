import { randomInt } from 'node:crypto'
import { parseArgs } from 'node:util'
import { diskFull } from './disk-full.ts'
import { dockerdRestarted } from './dockerd-restarted.ts'
import { engineNames } from './engines.ts'
import { reportText } from './report.ts'
import type { Options, Report, Scenario } from './scenario.ts'
import { serversKilled } from './servers-killed.ts'
import { tasksKilled } from './tasks-killed.ts'

/** `npm run chaos -- [SCENARIO…] [--kills N] [--engine NAME] [--seed N] [--short] [--keep] [--json]`: status 1 where something does not hold. */
const scenarios: readonly Scenario[] = [serversKilled, tasksKilled, diskFull, dockerdRestarted]
const usage = `usage: npm run chaos -- [SCENARIO…] [--kills 25] [--engine ${engineNames.join('|')}] [--seed N] [--short] [--keep] [--json]
${scenarios.map(({ name, does }) => `  ${name.padEnd(8)}${does}`).join('\n')}`

async function main(): Promise<number> {
  const asked = readArguments()
  if (!asked) return 2
  const { values, positionals: names } = asked
  if (values.help) {
    console.log(usage)
    return 0
  }
  const engine = engineNames.find((name) => name === values.engine)
  const options = {
    kills: Number(values.kills ?? (values.short ? 6 : 25)),
    seed: Number(values.seed),
    short: values.short,
    keep: values.keep,
  }
  const unknown = names.filter((name) => !scenarios.some((scenario) => scenario.name === name))
  if (
    !engine ||
    unknown.length > 0 ||
    !Number.isInteger(options.kills) ||
    options.kills < 1 ||
    !Number.isInteger(options.seed)
  ) {
    console.error(`${unknown.length > 0 ? `There is no scenario named ${unknown.join(', ')}.\n` : ''}${usage}`)
    return 2
  }
  let failed = false
  for (const scenario of scenarios) {
    if (names.length > 0 && !names.includes(scenario.name)) continue
    const lacks = scenario.lacks({ engine })
    if (lacks !== undefined) {
      console.error(`${scenario.name}: not run: ${lacks}`)
      // Asked for by name it must not pass in silence.
      failed ||= names.includes(scenario.name)
      continue
    }
    const report = await runOne(scenario, { ...options, engine })
    console.log(values.json ? JSON.stringify(report) : reportText(report))
    failed ||= report.failures.length > 0
  }
  return failed ? 1 : 0
}

/** Undefined, and said, where there is no such option. */
function readArguments() {
  try {
    return parseArgs({
      allowPositionals: true,
      options: {
        kills: { type: 'string' },
        engine: { type: 'string', default: 'process' },
        seed: { type: 'string', default: String(randomInt(1e9)) },
        short: { type: 'boolean', default: false },
        json: { type: 'boolean', default: false },
        keep: { type: 'boolean', default: false },
        help: { type: 'boolean' },
      },
    })
  } catch (error) {
    console.error(`${error instanceof Error ? error.message : error}\n${usage}`)
    return undefined
  }
}

async function runOne(scenario: Scenario, options: Options): Promise<Report> {
  const started = performance.now()
  const seconds = () => Math.round((performance.now() - started) / 1000)
  const say = (text: string) => console.error(`${scenario.name} ${String(seconds()).padStart(4)} s  ${text}`)
  say(`${scenario.does}; engine ${options.engine}, seed ${options.seed}`)
  const outcome = await scenario.run(options, say)
  return { scenario: scenario.name, engine: options.engine, seed: options.seed, seconds: seconds(), ...outcome }
}

process.exitCode = await main()
