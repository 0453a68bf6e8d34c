import { expect, test } from 'vitest'
import { tasksGoOn } from './running-work.ts'

test('what goes on when a server has ended is told in the number that it has', () => {
  expect(tasksGoOn(1)).toMatch(/^One of its tasks .* goes on; .* finds it again\. To end it too: down --all\.$/)
  expect(tasksGoOn(2)).toMatch(/^2 of its tasks .* go on; .* finds them again\. To end them too: down --all\.$/)
})
