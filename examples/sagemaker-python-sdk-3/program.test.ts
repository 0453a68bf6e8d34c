import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type ServerProcess, startServerProcess } from '@sagebrush/dev-env'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { lacking, requires } from '../../tools/test/requires.ts'
import { testVenv } from '../../tools/test/venv.ts'
import { engines } from './engines.ts'

const program = fileURLToPath(new URL('program.py', import.meta.url))
const data = fileURLToPath(new URL('../sklearn-script-mode/data', import.meta.url))

/** The same scikit-learn without any of us: the probabilities that the endpoint must have answered, row by row. */
const byHand = `
import json, sys, numpy as np
from sklearn.ensemble import GradientBoostingClassifier
def load(name):
    rows = np.loadtxt(f"{sys.argv[1]}/{name}.csv", delimiter=",", skiprows=1)
    return rows[:, :-1], rows[:, -1].astype(int)
def answers(trees, depth):
    model = GradientBoostingClassifier(n_estimators=trees, max_depth=depth, random_state=0).fit(*load("train"))
    return model.predict_proba(load("test")[0]).tolist()
print(json.dumps({"script": answers(50, 4), "command": answers(5, 1)}))
`

type Rows = readonly (readonly number[])[]

describe.each(engines)('on the $name engine', ({ name: engine, needs }) => {
  let server: ServerProcess
  let python: string

  beforeEach((context) => requires(context, 'sagemaker-sdk-3', ...needs))
  beforeAll(async () => {
    if (lacking('sagemaker-sdk-3') || needs.some(lacking)) return
    python = await testVenv('sagemaker-sdk-3')
    server = await startServerProcess({ SAGEBRUSH_ENGINE: engine })
  }, 900_000)
  afterAll(() => server?.close())

  test('the program of the README, under run', { timeout: 300_000 }, async () => {
    const file = join(server.home, 'answers.json')
    const done = await server.sagebrush(['run', '--', python, program, file])
    expect(done.code, done.stderr + done.stdout).toBe(0)

    // The lines of the job come through the SDK: its driver's, pip's and the script's.
    expect(done.stdout).toContain('Successfully installed tabulate-0.9.0')
    expect(done.stdout).toContain('train.py --n-estimators 50 --max-depth 4')
    expect(done.stdout).toMatch(/\| test +\| +30 \| +0\.9\d+ \|/)
    // Its driver prints the task's environment. What lets others than the task through the proxy is not in it.
    const { proxyUrl } = JSON.parse(readFileSync(join(server.home, 'client', 'facts.json'), 'utf8'))
    expect(done.stdout).toMatch(/https_proxy/i)
    expect(done.stdout).not.toContain(new URL(proxyUrl).password)
    // What the SDK cannot reach it tells in passing: its telemetry, its look at the account.
    expect(done.stdout + done.stderr).not.toMatch(/Traceback|telemetry.*(fail|error)|Could not|Max retries/i)

    const answers = JSON.parse(readFileSync(file, 'utf8'))
    const expected = JSON.parse(execFileSync(python, ['-c', byHand, data], { encoding: 'utf8' }))
    expect(expected.script).toHaveLength(30)
    expectSameRows(answers.script, expected.script)
    expectSameRows(answers.command, expected.command)
    expectSameRows(answers.streamed, expected.script)
    // The two jobs must be told apart by their answers, or the comparison would not see them mixed up.
    expect(Math.abs(expected.script[0][0] - expected.command[0][0])).toBeGreaterThan(0.1)
    expect(answers.jobs.toSorted()).toEqual([answers['command job'], answers['script job']])
    expect(answers.left).toEqual([0, 0, 0])
  })
})

/** To twelve digits: sums may come in another order on another processor. */
function expectSameRows(found: Rows, expected: Rows) {
  expect(found.map((row) => row.length)).toEqual(expected.map((row) => row.length))
  for (const [index, row] of expected.entries())
    for (const [column, value] of row.entries()) expect(found[index]?.[column]).toBeCloseTo(value, 12)
}
