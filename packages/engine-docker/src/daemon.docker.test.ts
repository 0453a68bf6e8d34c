import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { finalState, testSpec, until } from '@sagebrush/engine-kit'
import { skipsFor } from '@sagebrush/testing'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Bench, openBench } from './testing-bench.ts'
import { type OwnDaemon, ownDaemon } from './testing-daemon.ts'

const run = promisify(execFile)
const MODEL = [{ archive: 'model.tar.gz', path: '/opt/ml/model', always: true }]

describe.skipIf(skipsFor('docker') || skipsFor('root'))('an engine that fails', () => {
  let daemon: OwnDaemon
  let bench: Bench
  beforeAll(async () => {
    // Two networks of 30 addresses each, and 900 MiB of disk.
    daemon = await ownDaemon({ diskMiB: 900, pool: 'base=10.213.0.0/26,size=27' })
    bench = await openBench({ address: daemon.address, spareNetworks: 0 })
  })
  afterAll(async () => {
    try {
      await bench.close()
    } finally {
      await daemon.close()
    }
  })
  const up = async (id: string) =>
    await until('up', async () => ((await bench.lines(id)).includes('up') ? true : undefined))

  test('has no addresses left: the task says what to do, and the next one runs once there are', async () => {
    const { id } = await bench.run('true')
    await bench.engine.remove(id)
    const hosts = ['algo-1', 'algo-2']
    const holder = await bench.start('echo up; sleep 1000', { hosts, group: 'one' })
    await up(holder)
    const { state } = await bench.run('true', { hosts, group: 'two' })
    expect(state).toMatchObject({ phase: 'failed', fault: 'platform' })
    expect(state.phase === 'failed' && state.message).toMatch(
      /could not make a network for the task: .*address pool.*docker network prune.*default-address-pools/s,
    )
    await bench.engine.remove(holder)
    const { lines } = await bench.run('echo ran', { hosts, group: 'three' })
    expect(lines).toEqual(['ran'])
  })

  // Lines that are printed meanwhile may be lost: Docker keeps them on the same disk.
  test('has a full disk: the program is told, and what could be written is kept', async () => {
    const script = `cd /opt/ml/model && echo small > first && dd if=/dev/zero of=big bs=1M count=2000 2> /dev/shm/why; rm big; grep -q 'No space left on device' /dev/shm/why && exit 5`
    const { state } = await bench.run(script, { outputs: MODEL }, 60_000)
    expect(state).toMatchObject({ phase: 'ended', exit: { code: 5 } })
    const file = (state.phase === 'ended' && state.outputs[0]?.file) || ''
    expect((await run('tar', ['-xzOf', file, './first', 'first']).catch((error) => error)).stdout).toBe('small\n')
  })

  test('is away when a task comes, and takes it once it is back', async () => {
    await daemon.stop()
    const task = testSpec(bench.harness.image, ['/bin/bash', '-c', 'echo ran'])
    await bench.engine.start(task)
    const said = await until('words', async () => {
      const state = await bench.engine.observe(task.id)
      return state.phase === 'preparing' && state.message !== '' ? state.message : undefined
    })
    expect(said).toMatch(/^No container engine answers at .*socket: (ENOENT|ECONNREFUSED)/)
    await expect(bench.engine.find('sagebrush-test/python:2')).rejects.toThrow('No container engine answers')
    await daemon.start()
    await finalState(bench.engine, task.id, 30_000)
    expect(await bench.lines(task.id)).toEqual(['ran'])
  })

  test.each(['SIGTERM', 'SIGKILL'] as const)(
    'ends by %s while a task runs: the task’s end is told as the engine’s',
    async (signal) => {
      const id = await bench.start('echo up; echo kept > /opt/ml/model/kept; sleep 1000', { outputs: MODEL })
      await up(id)
      await daemon.stop(signal)
      await new Promise((resolve) => setTimeout(resolve, 200))
      await expect(bench.engine.observe(id)).rejects.toThrow('No container engine answers')
      await daemon.start()
      const state = await until(
        'the end',
        async () => {
          const seen = await bench.engine.observe(id)
          return seen.phase === 'ended' || seen.phase === 'failed' ? seen : undefined
        },
        40_000,
      )
      if (state.phase !== 'ended') throw new Error(state.message)
      expect(state.exit.stopped).toBe(false)
      expect(state.interruption).toMatch(/^The container engine ended the container before its work was done/)
      expect(await bench.lines(id)).toEqual(['up'])
      expect((await run('tar', ['-tzf', state.outputs[0]?.file ?? ''])).stdout).toContain('kept')
      const { lines } = await bench.run('echo works')
      expect(lines).toEqual(['works'])
    },
  )
})
