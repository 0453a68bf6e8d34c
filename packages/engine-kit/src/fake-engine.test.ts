import { readdir } from 'node:fs/promises'
import { afterAll, describe, expect, test } from 'vitest'
import { engineSuite } from './engine-suite.ts'
import { fakeEngine } from './fake-engine.ts'
import { FakeMachine } from './fake-machine.ts'
import { fakeCommand } from './play.ts'
import { testSpec } from './testing.ts'

const image = { kind: 'managed', name: 'tiny', version: '1', reason: 'a test' } as const

engineSuite('fake', async () => {
  const machine = new FakeMachine()
  return {
    open: async (objects) => fakeEngine({ machine, objects, plays: true }),
    image,
    command: fakeCommand,
    leftovers: async () => await readdir(machine.folder('.')).catch(() => []),
    close: async () => await machine.dispose(),
  }
})

describe('the fake, told by a test', () => {
  const engine = fakeEngine()
  afterAll(async () => await engine.machine.dispose())

  test('goes on only when told, and gives real archives', async () => {
    const spec = testSpec(image, ['train'])
    await engine.start(spec)
    expect(await engine.observe(spec.id)).toMatchObject({ phase: 'staging' })
    engine.run(spec.id)
    engine.log(spec.id, 'epoch 1')
    expect(await engine.observe(spec.id)).toMatchObject({ phase: 'running' })
    await engine.stop(spec.id, 120_000)
    expect(engine.stopRequested(spec.id)).toBe(120_000)
    expect(await engine.observe(spec.id)).toMatchObject({ phase: 'running' })
    await engine.finish(spec.id, { code: 1, outputs: { 'model.tar.gz': { 'model.txt': 'weights' } } })
    const state = await engine.observe(spec.id)
    expect(state).toMatchObject({ phase: 'ended', exit: { code: 1, stopped: true }, lastLines: ['epoch 1'] })
    expect(state.phase === 'ended' && state.outputs[0]?.sizeBytes).toBeGreaterThan(50)
    expect(() => engine.run(spec.id)).toThrow('has ended')
  })
})
