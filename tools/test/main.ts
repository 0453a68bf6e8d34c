import { parseArgs } from 'node:util'
import { root } from '../set-up/node-modules.mjs'
import { isCapability } from './capabilities.ts'
import { describeGaps, findGaps } from './gaps.ts'
import { needsOf, venvsOf, vitestFiles } from './needs.ts'
import { lacking, probesVariable, requiredNames } from './requires.ts'
import { checks, runCheck } from './runners/checks.ts'
import { needsOfSuite, pythonSuites, runPython } from './runners/python.ts'
import { runVitest } from './runners/vitest.ts'
import { lastLine, nothing, sum, type Tally } from './tally.ts'
import { isVenvBuilt, testVenv } from './venv.ts'

/** `npm test -- [NAME…]`: everything, or the tests and checks whose path or name contains one of the given. */
const { positionals: names } = parseArgs({ allowPositionals: true })
const matches = (path: string) => names.length === 0 || names.some((name) => path.includes(name))

const files = vitestFiles(root).filter(matches)
const suites = pythonSuites(root, matches)
const wantedChecks = checks.filter((check) => (names.length === 0 ? true : names.includes(check.name)))

const needs = new Set(needsOf(root, files))
for (const suite of suites) for (const need of needsOfSuite(suite)) needs.add(need)
for (const check of wantedChecks) for (const need of check.needs) needs.add(need)
for (const name of requiredNames()) if (isCapability(name)) needs.add(name)

const gaps = findGaps(needs)
const loud = describeGaps(gaps)
if (loud) console.log(`${loud}\n`)
const env = {
  [probesVariable]: JSON.stringify(Object.fromEntries([...needs].map((name) => [name, lacking(name) ?? '']))),
}

const tallies: Tally[] = []
tallies.push({
  ...nothing,
  failed: gaps.filter((gap) => gap.required).map((gap) => `SAGEBRUSH_TEST_REQUIRE: ${gap.why}`),
})
const venvs = venvsOf(needs).filter((name) => !lacking(name) && !isVenvBuilt(name))
for (const name of venvs)
  await stage(`Python environment ${name}`, async () => {
    await testVenv(name)
    return nothing
  })
for (const check of wantedChecks) await stage(check.name, () => runCheck(root, check))
for (const suite of suites) await stage(`${suite.folder} (${suite.runner})`, () => runPython(root, suite, env))
if (files.length > 0)
  await stage(`vitest (${files.length} files)`, () => runVitest(root, names.length > 0 ? files : [], env))
if (files.length + suites.length + wantedChecks.length === 0)
  tallies.push({ ...nothing, failed: [`no test's path contains ${names.join(' or ')}`] })

const total = sum(tallies)
if (total.skipped.length > 0) {
  console.log('\nSkipped:')
  for (const { name, why } of total.skipped) console.log(`  ${name}\n      ${why}`)
}
if (total.failed.length > 0) {
  console.log('\nFailed:')
  for (const name of total.failed) console.log(`  ${name.split('\n').join('\n      ')}`)
}
if (loud) console.log(`\n${loud}`)
console.log(`\n${lastLine(total)}`)
process.exitCode = total.failed.length > 0 ? 1 : 0

async function stage(name: string, work: () => Promise<Tally>): Promise<void> {
  const started = performance.now()
  console.log(`── ${name}`)
  let tally: Tally
  try {
    tally = await work()
  } catch (error) {
    tally = { ...nothing, failed: [`${name}: ${error instanceof Error ? error.message : error}`] }
  }
  const seconds = ((performance.now() - started) / 1000).toFixed(1)
  console.log(`── ${name}: ${lastLine(tally)} in ${seconds} s\n`)
  tallies.push(tally)
}
