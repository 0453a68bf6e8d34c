import { testSpec, until } from '@sagebrush/engine-kit'
import { skipsFor } from '@sagebrush/testing'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Bench, openBench } from './testing-bench.ts'

const image = { kind: 'managed', name: 'never', version: '1', reason: 'It stands in.' } as const

describe.skipIf(skipsFor('docker'))('while the environment of a managed image is made', () => {
  let bench: Bench
  /** Aborted with the task whose environment was asked for. */
  const signals: AbortSignal[] = []
  beforeAll(async () => {
    bench = await openBench({
      environment: async (_image, onProgress, signal) => {
        signals.push(signal)
        onProgress('Making the environment')
        return await new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)))
      },
    })
  })
  afterAll(async () => await bench.close())

  const start = async (words: string) => {
    const spec = testSpec(image, ['true'])
    await bench.engine.start(spec)
    await until(words, async () => {
      const state = await bench.engine.observe(spec.id)
      return (state.phase === 'preparing' && state.message.startsWith(words)) || undefined
    })
    return spec.id
  }
  const stopped = async (id: string) => {
    const began = Date.now()
    await bench.engine.stop(id, 60_000)
    expect(await bench.engine.observe(id)).toMatchObject({ phase: 'ended', exit: { stopped: true } })
    expect(Date.now() - began).toBeLessThan(5_000)
  }

  test('a task that is stopped waits for it no longer', async () => {
    const id = await start('Making the environment')
    await stopped(id)
    expect(signals.at(-1)?.aborted).toBe(true)
  })
})
