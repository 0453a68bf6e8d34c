import { expect, test } from 'vitest'
import { SharedWork } from './shared-work.ts'

/** Work that goes on until the test ends it, or nobody wants it any more. */
function endless() {
  const begun: { tell: (message: string) => void; signal: AbortSignal; end: PromiseWithResolvers<string> }[] = []
  const work = (tell: (message: string) => void, signal: AbortSignal) => {
    const end = Promise.withResolvers<string>()
    begun.push({ tell, signal, end })
    return end.promise
  }
  return { begun, work }
}

function waiter(shared: SharedWork<string>, work: Parameters<SharedWork<string>['wait']>[1]) {
  const abort = new AbortController()
  const told: string[] = []
  const made = shared.wait('it', work, (message) => told.push(message), abort.signal)
  made.catch(() => {})
  return { abort, told, made }
}

test('is done once for all who wait, who all hear of it, the late ones at once', async () => {
  const shared = new SharedWork<string>()
  const { begun, work } = endless()
  const first = waiter(shared, work)
  begun[0]?.tell('beginning')
  const second = waiter(shared, work)
  begun[0]?.tell('going on')
  begun[0]?.end.resolve('made')
  expect(await Promise.all([first.made, second.made])).toEqual(['made', 'made'])
  expect([first.told, second.told]).toEqual([
    ['beginning', 'going on'],
    ['beginning', 'going on'],
  ])
  expect(begun).toHaveLength(1)
})

test('what it says at once is heard', async () => {
  const { told, made } = waiter(new SharedWork<string>(), async (tell) => {
    tell('at once')
    return 'made'
  })
  expect([await made, told]).toEqual(['made', ['at once']])
})

test('ends with the last one who leaves, who waits for that; who comes meanwhile has it begun anew', async () => {
  const shared = new SharedWork<string>()
  const { begun, work } = endless()
  const [first, last] = [waiter(shared, work), waiter(shared, work)]
  first.abort.abort(new Error('enough'))
  await expect(first.made).rejects.toThrow('enough')
  expect(begun[0]?.signal.aborted).toBe(false)
  let left = false
  last.made.catch(() => {
    left = true
  })
  last.abort.abort(new Error('enough too'))
  await new Promise((resolve) => setImmediate(resolve))
  expect([begun[0]?.signal.aborted, left]).toEqual([true, false])
  const late = waiter(shared, work)
  begun[0]?.end.reject(new Error('aborted'))
  await expect(last.made).rejects.toThrow('enough too')
  begun[1]?.end.resolve('anew')
  expect(await late.made).toBe('anew')
})

test('goes on though all leave, once nobody is to end it', async () => {
  const shared = new SharedWork<string>()
  const { begun, work } = endless()
  const only = waiter(shared, work)
  shared.close()
  only.abort.abort(new Error('enough'))
  await expect(only.made).rejects.toThrow('enough')
  expect(begun[0]?.signal.aborted).toBe(false)
})

test('is not begun for whoever has left before', async () => {
  const { begun, work } = endless()
  await expect(
    new SharedWork<string>().wait('it', work, () => {}, AbortSignal.abort(new Error('gone'))),
  ).rejects.toThrow('gone')
  expect(begun).toEqual([])
})
