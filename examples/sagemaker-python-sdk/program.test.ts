import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Finished } from '@sagebrush/dev-env'
import { pythonExample } from '@sagebrush/dev-env/python-example'
import { expect, test } from 'vitest'

const program = fileURLToPath(new URL('program.py', import.meta.url))
const data = fileURLToPath(new URL('../sklearn-script-mode/data', import.meta.url))
const example = pythonExample()

/** The same scikit-learn without any of us: what the endpoint must have answered, row by row. */
const byHand = `
import json, sys, numpy as np
from sklearn.ensemble import GradientBoostingClassifier
def load(name):
    rows = np.loadtxt(f"{sys.argv[1]}/{name}.csv", delimiter=",", skiprows=1)
    return rows[:, :-1], rows[:, -1].astype(int)
model = GradientBoostingClassifier(n_estimators=50, max_depth=4, random_state=0).fit(*load("train"))
print(json.dumps(model.predict(load("test")[0]).tolist()))
`

function expectAnswers(file: string) {
  const answers = JSON.parse(readFileSync(file, 'utf8'))
  const expected = JSON.parse(execFileSync(example.python, ['-c', byHand, data], { encoding: 'utf8' }))
  expect(expected).toHaveLength(30)
  expect(answers.numpy).toEqual(expected)
  expect(answers.csv).toEqual(expected)
  expect(answers.attached).toMatch(
    new RegExp(`^s3://sagemaker-us-east-1-\\d{12}/${answers.job}/output/model\\.tar\\.gz$`),
  )
}

function expectWholeStory(done: Finished, file: string) {
  expect(done.code, done.stderr + done.stdout).toBe(0)
  expect(done.stdout).toContain('training script started')
  expect(done.stdout).toMatch(/test:accuracy=0\.9\d+/)
  expect(done.stdout).toContain('Training job completed')
  // What the SDK cannot reach it tells in passing: its telemetry, its look at the account.
  expect(done.stderr).not.toMatch(/Traceback|telemetry.*(fail|error)|Could not|Max retries/i)
  expectAnswers(file)
}

test('the program of the README, under run', { timeout: 300_000 }, async () => {
  const file = join(example.server.home, 'answers.json')
  expectWholeStory(await example.server.sagebrush(['run', '--', example.python, program, file]), file)
})

test('the same after eval "$(sagebrush env)", with the pauses that the SDK makes', { timeout: 300_000 }, async () => {
  const file = join(example.server.home, 'answers-of-a-shell.json')
  const done = await example.server.shell(`exec "${example.python}" "${program}" "${file}"`)
  expectWholeStory(done, file)
  // 5 s before the first look at the job and 30 s before the first look at the endpoint are the SDK's own.
  expect(done.seconds).toBeGreaterThan(35)
})
