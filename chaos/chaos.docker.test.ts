import { skipsFor } from '@sagebrush/testing'
import { expect, test } from 'vitest'
import { chaos } from './short-form.ts'

test.skipIf(skipsFor('docker'))(
  'with containers: servers and tasks that are killed lose nothing',
  {
    timeout: 300_000,
  },
  async () => {
    const { status, said, reports } = await chaos('server', 'tasks', '--kills', '3', '--engine', 'docker')
    expect(
      reports.map(({ failures }) => failures),
      said,
    ).toEqual([[], []])
    expect(reports[1]?.histogram).toEqual({ command: 1, supervisor: 1, instance: 1 })
    expect(status).toBe(0)
  },
)
