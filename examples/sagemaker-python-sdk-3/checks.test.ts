import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { fastestOf, type ServerProcess, startServerProcess } from '@sagebrush/dev-env'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { lacking, requires } from '../../tools/test/requires.ts'
import { testVenv } from '../../tools/test/venv.ts'
import { engines } from './engines.ts'

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

  /** Runs a program of `checks/`; its last line is its answer. */
  async function check(name: string, options: { words?: string[]; flags?: string[] } = {}) {
    const program = fileURLToPath(new URL(`checks/${name}.py`, import.meta.url))
    const folder = join(server.home, `check-${name}`)
    mkdirSync(folder, { recursive: true })
    const words = ['run', ...(options.flags ?? []), '--', python, program, folder, ...(options.words ?? [])]
    const done = await server.sagebrush(words)
    expect(done.code, done.stderr + done.stdout).toBe(0)
    return JSON.parse(done.stdout.trim().split('\n').at(-1) ?? '')
  }

  test('what ModelTrainer and TrainingJob do beside the straight path', { timeout: 300_000 }, async () => {
    const answers = await check('behaviour')
    // The SDK's driver writes the reason itself, as on AWS: the command and its status; the fault is in the log.
    expect(answers.failure).toMatch(
      /AlgorithmError: .*CalledProcessError: .*'train\.py'.* exit status 1.*, exit code: 1/s,
    )
    expect(answers['failing log']).toContain('before the fault')
    expect(answers['failing log']).toContain('ValueError: the column of sepals is missing')

    expect(answers.timeout).toContain('Your training job is still running')
    expect(answers.stopped).toEqual(['Stopped', 'Stopped', { half: 'half a model' }])

    const whole = { 'a.txt': 'a', 'deep/b.txt': 'b' }
    const same = {
      local: whole,
      prefix: whole,
      arguments: [
        ...['--number', '7', '--flag', 'true', '--words', 'two words'],
        ...['--list', '[1, 2]', '--map', '{"a": "b"}'],
      ],
      hyperparameters: { number: 7, flag: true, words: 'two words', list: [1, 2], map: { a: 'b' } },
    }
    expect(answers.read).toEqual({
      'algo-1': { ...same, sharded: { 'a.txt': 'a' }, hosts: ['algo-1', '2'] },
      'algo-2': { ...same, sharded: { 'deep/b.txt': 'b' }, hosts: ['algo-2', '2'] },
    })
    expect(answers['meeting log']).toContain('algo-1 heard algo-2 of ["algo-1", "algo-2"]')
    expect(answers['meeting log']).toContain('algo-2 has spoken')
    expect(answers.shell).toEqual({ arguments: '--depth 3\n' })
    expect(answers.listed).toEqual([
      ['endless', 'Stopped'],
      ['reader', 'Completed'],
      ['meeting', 'Completed'],
      ['shell', 'Completed'],
    ])
  })

  test('ModelBuilder deploys an artifact as it is, and with code of one’s own', { timeout: 300_000 }, async () => {
    expect(await check('model_builder')).toEqual({ 'as it is': [[7, 14]], 'own code': [[70, 140]] })
  })

  describe('waiting', () => {
    test('nothing is waited for longer than it takes', { timeout: 300_000 }, async () => {
      await check('waits', { words: ['train'] }) // the first job makes the environment, where the machine has none yet
      let last: Record<string, number | string> = {}
      const most = await fastestOf(4.5, async () => {
        last = await check('waits')
        const { train, deploy, failing, role } = last
        return Math.max(Number(train), Number(deploy), Number(failing), Number(role))
      })
      expect(most, JSON.stringify(last)).toBeLessThanOrEqual(4.5)
      expect(last.reason).toContain('the model is of another time')
    })

    test('--plain leaves the SDK its sleep of 5 s', { timeout: 120_000 }, async () => {
      const times = await check('waits', { words: ['train'], flags: ['--plain'] })
      expect(times.train).toBeGreaterThanOrEqual(5)
    })
  })
})
