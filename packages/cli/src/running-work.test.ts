import { expect, test } from 'vitest'
import { tasksGoOn, waitOf } from './running-work.ts'

test('what goes on when a server has ended is told in the number that it has', () => {
  expect(tasksGoOn(1)).toMatch(/^One of its tasks .* goes on; .* finds it again\. To end it too: down --all\.$/)
  expect(tasksGoOn(2)).toMatch(/^2 of its tasks .* go on; .* finds them again\. To end them too: down --all\.$/)
})

test('an endpoint that is not there yet is told with what it waits for', () => {
  const endpoint = {
    kind: 'endpoint',
    scope: { account: '1', region: 'r' },
    name: 'e',
    status: 'Creating',
    since: '',
  } as const
  const since = '2026-03-01T12:00:00.000Z'
  expect(waitOf(endpoint)).toBe('')
  expect(waitOf({ ...endpoint, ping: { since } })).toMatch(
    /^waits for \/ping to answer 200 since 2026-0\d-\d\d \d\d:\d\d:00: nothing has answered$/,
  )
  expect(waitOf({ ...endpoint, ping: { since, answered: 503 } })).toMatch(/: it answered 503 last$/)
})
