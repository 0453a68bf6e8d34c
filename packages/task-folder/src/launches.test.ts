import { expect, test } from 'vitest'
import { Launches } from './launches.ts'

test('a task is brought on its way once, and breaking it off waits for its end', async () => {
  const changed: string[] = []
  const launches = new Launches((id) => changed.push(id))
  const seen: string[] = []
  const run = async ({ signal, preparing }: { signal: AbortSignal; preparing(message: string): void }) => {
    preparing('Making it')
    await new Promise((resolve) => signal.addEventListener('abort', resolve))
    seen.push('ended')
  }
  expect(launches.begin('a', run)).toMatchObject({ phase: 'preparing', message: '' })
  await expect.poll(() => launches.stateOf('a')).toMatchObject({ phase: 'preparing', message: 'Making it' })
  expect(launches.begin('a', run)).toMatchObject({ phase: 'preparing' })
  expect(await launches.abort('a')).toBe(true)
  expect([seen, changed]).toEqual([['ended'], ['a', 'a']])
  expect(launches.stateOf('a')).toBeUndefined()
  expect(await launches.abort('a')).toBe(false)
})

test('closing breaks all off, and nothing begins any more', async () => {
  const launches = new Launches(() => {})
  const begun: string[] = []
  const run = (id: string) =>
    launches.begin(id, async ({ signal }) => {
      begun.push(id)
      if (!signal.aborted) await new Promise((resolve) => signal.addEventListener('abort', resolve))
    })
  run('a')
  run('b')
  await launches.close()
  expect(begun).toEqual(['a', 'b'])
  expect(run('c')).toMatchObject({ phase: 'preparing', message: '' })
  expect(launches.stateOf('c')).toBeUndefined()
  await launches.close()
  expect(begun).toEqual(['a', 'b'])
})
