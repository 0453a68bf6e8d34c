import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { fastestOf } from '@sagebrush/dev-env'
import { pythonExample } from '@sagebrush/dev-env/python-example'
import { describe, expect, test } from 'vitest'

const example = pythonExample()

/** Runs a program of `checks/`; its last line is its answer. */
async function check(
  name: string,
  options: { words?: string[]; flags?: string[]; environment?: Record<string, string> } = {},
) {
  const program = fileURLToPath(new URL(`checks/${name}.py`, import.meta.url))
  const folder = join(example.server.home, `check-${name}`)
  mkdirSync(folder, { recursive: true })
  const words = ['run', ...(options.flags ?? []), '--', example.python, program, folder, ...(options.words ?? [])]
  const done = await example.server.sagebrush(words, options.environment)
  expect(done.code, done.stderr + done.stdout).toBe(0)
  return JSON.parse(done.stdout.trim().split('\n').at(-1) ?? '')
}

test('the SDK’s other calls', { timeout: 300_000 }, async () => {
  const answers = await check('behaviour')
  // logs=False: the states and no line of the script.
  expect(answers.quiet).toContain('Completed - Training job completed')
  expect(answers.quiet).not.toContain('arguments')
  expect(answers.attached).toEqual([
    expect.stringMatching(/^s3:\/\/.*\/output\/model\.tar\.gz$/),
    '7',
    expect.stringMatching(/^arn:aws:iam::\d{12}:role\//),
  ])
  expect(answers.prediction).toEqual([[7, 14]])
  expect(answers.monitors).toBe(0)
  expect(answers.models).toEqual([1, 0])
  expect(answers.waited).toBe('Completed')
  expect(answers.status).toBe('Failed')
  expect(answers.failure).toContain('before the fault')
  expect(answers.failure).toContain('ValueError: the column of sepals is missing')
})

test('the ways to name a program', { timeout: 300_000 }, async () => {
  expect(await check('entry_points')).toEqual({
    above: 'from above train.py',
    inside: 'beside from the source folder',
    wheeled: 'from a wheel',
    shell: 'shell 3',
    'own code': 'hello dear reader',
    'sent code': 'hello dear reader',
    'packed code': 'hello dear reader',
  })
})

describe('waiting', () => {
  test('fit() of a job of one second returns within 2.5 s, deploy() within 2 s', { timeout: 300_000 }, async () => {
    await check('timing') // the first job makes the environment, where the machine has none yet
    let deploy = Number.POSITIVE_INFINITY
    const fit = await fastestOf(2.5, async () => {
      const times = await check('timing')
      deploy = Math.min(deploy, times.deploy)
      return times.fit
    })
    expect(fit).toBeLessThanOrEqual(2.5)
    expect(deploy).toBeLessThanOrEqual(2)
  })

  test('--plain leaves the SDK its sleep of 5 s', { timeout: 120_000 }, async () => {
    const times = await check('timing', { words: ['fit'], flags: ['--plain'] })
    expect(times.fit).toBeGreaterThanOrEqual(5)
  })

  test("a user's own sitecustomize runs too", { timeout: 120_000 }, async () => {
    const folder = join(example.server.home, 'own')
    mkdirSync(folder)
    writeFileSync(join(folder, 'sitecustomize.py'), 'import builtins\nbuiltins.OWN = "mine"\n')
    const program = 'import botocore.waiter, time; print(OWN, botocore.waiter.time is not time)'
    const done = await example.server.sagebrush(['run', '--', example.python, '-c', program], { PYTHONPATH: folder })
    expect([done.stdout, done.stderr]).toEqual(['mine True\n', ''])
  })
})
