import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type ServerProcess, startServerProcess } from '@sagebrush/dev-env'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { testVenv } from '../../tools/test/venv.ts'

const program = fileURLToPath(new URL('program.py', import.meta.url))
const data = fileURLToPath(new URL('../sklearn-script-mode/data', import.meta.url))
let server: ServerProcess
let python: string

beforeAll(async () => {
  server = await startServerProcess()
  python = await testVenv('sagemaker-sdk')
})
afterAll(() => server.close())

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
  const expected = JSON.parse(execFileSync(python, ['-c', byHand, data], { encoding: 'utf8' }))
  expect(expected).toHaveLength(30)
  expect(answers.numpy).toEqual(expected)
  expect(answers.csv).toEqual(expected)
  expect(answers.attached).toMatch(
    new RegExp(`^s3://sagemaker-us-east-1-\\d{12}/${answers.job}/output/model\\.tar\\.gz$`),
  )
}

test('the program of the README, under run', async () => {
  const file = join(server.home, 'answers.json')
  const done = await server.sagebrush(['run', '--', python, program, file])
  expect(done.code, done.stderr + done.stdout).toBe(0)
  expect(done.stdout).toContain('training script started')
  expect(done.stdout).toMatch(/test:accuracy=0\.9\d+/)
  expect(done.stdout).toContain('Training job completed')
  expectAnswers(file)
})

const timed = `
import sys, tempfile, time
from pathlib import Path
import sagemaker
from sagemaker.sklearn import SKLearn
folder = Path(tempfile.mkdtemp(dir=sys.argv[1]))
(folder / "one_second.py").write_text(
    "import time, os\\nif __name__ == '__main__':\\n    time.sleep(1)\\n    open(os.environ['SM_MODEL_DIR'] + '/x', 'w').write('x')\\n"
    "def model_fn(folder): return 7\\n"
)
session = sagemaker.Session()
estimator = SKLearn("one_second.py", source_dir=str(folder), framework_version="1.2-1",
    role=sagemaker.get_execution_role(session), instance_type="ml.m5.large", instance_count=1)
started = time.monotonic(); estimator.fit(); fitted = time.monotonic()
predictor = estimator.deploy(initial_instance_count=1, instance_type="ml.m5.large"); deployed = time.monotonic()
predictor.delete_endpoint()
print(f"\\nfit {fitted - started:.2f} deploy {deployed - fitted:.2f}")
`

test('fit() of a job of one second returns within 2.5 s, deploy() within 2 s', async () => {
  // The first job makes the environment, where the machine has none yet.
  const warm = await server.sagebrush(['run', '--', python, '-c', timed, server.home])
  expect(warm.code, warm.stderr).toBe(0)
  const done = await server.sagebrush(['run', '--', python, '-c', timed, server.home])
  expect(done.code, done.stderr).toBe(0)
  const [, fit, deploy] = /fit ([\d.]+) deploy ([\d.]+)/.exec(done.stdout) ?? []
  expect(Number(fit)).toBeLessThanOrEqual(2.5)
  expect(Number(deploy)).toBeLessThanOrEqual(2)
})
