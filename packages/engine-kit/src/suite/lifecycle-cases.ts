import { type IncomingMessage, request } from 'node:http'
import type { TaskAddress } from '@sagebrush/core'
import { expect, test } from 'vitest'
import { isFinal } from '../phases.ts'
import { allLines, until } from '../testing.ts'
import type { SuiteBench } from './suite-bench.ts'

/** Stopping, restarts of the engine, serving, hints, removal. */
export function lifecycleCases(bench: SuiteBench): void {
  test('SIGTERM reaches the command, and what it leaves is archived', async () => {
    const id = await bench.start(
      [{ do: 'await-stop' }, { do: 'write', path: '/opt/ml/model/last', text: 'saved' }, { do: 'exit', code: 7 }],
      { outputs: [{ archive: 'model.tar.gz', path: '/opt/ml/model', always: false }] },
    )
    await bench.printed(id, 'waiting')
    await bench.engine.stop(id, 60_000)
    const state = await bench.ended(id)
    expect(state.exit).toEqual({ code: 7, outOfMemory: false, stopped: true })
    expect(state.outputs).toHaveLength(1)
    await bench.engine.stop(id, 0)
    expect(await bench.engine.observe(id)).toEqual(state)
  })

  test('SIGKILL ends what ignores SIGTERM, after the grace', async () => {
    const id = await bench.start([{ do: 'hang' }])
    await bench.printed(id, 'hanging')
    const asked = Date.now()
    await bench.engine.stop(id, 400)
    // However often it is asked for meanwhile.
    while (!isFinal(await bench.engine.observe(id)) && Date.now() < asked + 5_000) {
      await bench.engine.stop(id, 400)
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
    const state = await bench.ended(id)
    expect(state.exit).toEqual({ signal: 'SIGKILL', outOfMemory: false, stopped: true })
    expect(state.ended.getTime() - asked).toBeGreaterThanOrEqual(390)
    expect(state.ended.getTime() - asked).toBeLessThan(5_000)
  })

  test('a task outlives the engine, and no line is lost or doubled', async () => {
    const lines = Array.from({ length: 200 }, (_, i) => `line ${i}`)
    const id = await bench.start([
      ...lines.slice(0, 100).map((text) => ({ do: 'print', text }) as const),
      { do: 'await-stop' },
      ...lines.slice(100).map((text) => ({ do: 'print', text }) as const),
    ])
    await bench.printed(id, 'line 50')
    const first = await bench.engine.logs(id, undefined)
    await bench.reopen()
    await bench.printed(id, 'waiting')
    expect(await bench.engine.observe(id)).toMatchObject({ phase: 'running' })
    expect(await bench.engine.list()).toEqual([id])
    const second = await allLines(bench.engine, id, first.cursor)
    await bench.reopen()
    await bench.engine.stop(id, 10_000)
    expect((await bench.ended(id)).lastLines).toEqual(lines.slice(-20))
    const third = await allLines(bench.engine, id, second.cursor)
    expect((await bench.engine.logs(id, third.cursor)).lines).toEqual([])
    const all = [...first.lines, ...second.lines, ...third.lines]
    expect(all.map(({ message }) => message).filter((text) => text.startsWith('line '))).toEqual(lines)
    const times = all.map(({ timestamp }) => timestamp.getTime())
    expect(times).toEqual([...times].sort((a, b) => a - b))
  })

  test('a serving task answers at its address until it is stopped', async () => {
    const id = await bench.start([{ do: 'serve' }], { serves: true })
    const address = await until('an address', async () => {
      const state = await bench.engine.observe(id)
      return state.phase === 'running' ? state.address : undefined
    })
    const status = (path: string) => until('an answer', async () => await ask(address, path))
    expect(await status('/ping')).toBe(200)
    expect(await status('/other')).toBe(404)
    await bench.engine.stop(id, 10_000)
    expect((await bench.ended(id)).exit).toMatchObject({ signal: 'SIGTERM', stopped: true })
  })

  test('watchers hear of lines and of the end', async () => {
    const heard: string[] = []
    const stopWatching = bench.engine.watch((id) => heard.push(id))
    const id = await bench.start([{ do: 'await-stop' }])
    await bench.printed(id, 'waiting')
    await until('a hint', async () => (heard.includes(id) ? true : undefined))
    heard.length = 0
    await bench.engine.stop(id, 10_000)
    await bench.ended(id)
    await until('a hint', async () => (heard.includes(id) ? true : undefined))
    stopWatching()
  })

  test('remove leaves nothing of a task that runs, its daemons included', async () => {
    const id = await bench.start([{ do: 'leave-daemon' }, { do: 'hang' }], {
      outputs: [{ archive: 'model.tar.gz', path: '/opt/ml/model', always: true }],
    })
    await bench.printed(id, 'hanging')
    await bench.engine.remove(id)
    expect(await bench.engine.observe(id)).toEqual({ phase: 'absent' })
    expect(await bench.engine.list()).toEqual([])
    expect(await bench.harness.leftovers()).toEqual([])
    await bench.engine.remove(id)
  })

  test('a daemon ends with its task', async () => {
    const id = await bench.start([{ do: 'leave-daemon' }, { do: 'print', text: 'left' }])
    expect((await bench.ended(id)).exit.code).toBe(0)
  })
}

/** The status of a GET, or undefined where nobody answers yet. */
async function ask(address: TaskAddress, path: string): Promise<number | undefined> {
  const { promise, resolve } = Promise.withResolvers<number | undefined>()
  const sent = request({ ...address, path, agent: false }, (response: IncomingMessage) => {
    response.resume().on('end', () => resolve(response.statusCode))
  })
  sent.on('error', () => resolve(undefined)).end()
  return await promise
}
