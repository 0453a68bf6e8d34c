import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { pythonExample } from '@sagebrush/dev-env/python-example'
import { requires } from '@sagebrush/testing'
import { expect, test } from 'vitest'

const folder = fileURLToPath(new URL('.', import.meta.url))
const data = fileURLToPath(new URL('../sklearn-script-mode/data/train.csv', import.meta.url))
const example = pythonExample()

/** The least squares of two columns, by the textbook. */
function lineOf(file: string, x: string, y: string) {
  const [header = '', ...rows] = readFileSync(file, 'utf8').trim().split('\n')
  const names = header.trim().split(',')
  const points = rows.map((row) => row.split(',').map(Number))
  const column = (name: string) => points.map((point) => point[names.indexOf(name)] ?? Number.NaN)
  const [xs, ys] = [column(x), column(y)]
  const mean = (values: number[]) => values.reduce((sum, value) => sum + value, 0) / values.length
  const slope =
    (mean(xs.map((value, i) => value * (ys[i] ?? Number.NaN))) - mean(xs) * mean(ys)) /
    (mean(xs.map((value) => value * value)) - mean(xs) ** 2)
  return (value: number) => mean(ys) + slope * (value - mean(xs))
}

test('an image that docker built here trains, is served and answers', { timeout: 300_000 }, async (context) => {
  requires(context, 'docker')
  const tag = `sagebrush-test/line-${process.pid}`
  execFileSync('docker', ['build', '--quiet', '--tag', tag, folder])
  try {
    const done = await example.server.sagebrush(['run', '--', example.python, `${folder}program.py`, tag])
    expect(done.code, done.stderr + done.stdout).toBe(0)
    expect(done.stdout).toMatch(/120 points: petal_width = 0\.4\d+ \* petal_length \+ -0\.\d+/)
    const answers: number[] = JSON.parse(/\[[^\]]*\]$/.exec(done.stdout.trim())?.[0] ?? '[]') // after the dots of deploy()
    const line = lineOf(data, 'petal_length', 'petal_width')
    expect(answers).toEqual([1.5, 4.5, 6].map((value) => expect.closeTo(line(value), 9)))
  } finally {
    execFileSync('docker', ['image', 'rm', '--force', tag])
  }
})
