import { createHash } from 'node:crypto'
import { readFile, rm } from 'node:fs/promises'
import { expect, test } from 'vitest'
import { run, type SuiteBench } from './suite-bench.ts'

/** Archives of what a running task has written. */
export function snapshotCases(bench: SuiteBench): void {
  test('archives an output while the task runs, also while the task writes to it', { timeout: 60_000 }, async () => {
    const outputs = [{ archive: 'checkpoints.tar.gz', path: '/opt/ml/checkpoints', always: false }]
    const empty = await bench.start([{ do: 'await-stop' }], { outputs })
    const id = await bench.start(
      [
        { do: 'write', path: '/opt/ml/checkpoints/epoch-1/weights', text: 'first' },
        { do: 'keep-writing', path: '/opt/ml/checkpoints/growing' },
        { do: 'await-stop' },
        { do: 'write', path: '/opt/ml/checkpoints/epoch-2/weights', text: 'last' },
      ],
      { outputs },
    )
    expect(await bench.engine.snapshot('no-such-task', 'checkpoints.tar.gz')).toBeUndefined()
    await Promise.all([bench.printed(id, 'waiting'), bench.printed(empty, 'waiting')])
    expect(await bench.engine.snapshot(empty, 'checkpoints.tar.gz')).toBeUndefined()
    for (let round = 0; round < 5; round++) {
      const taken = await bench.engine.snapshot(id, 'checkpoints.tar.gz')
      if (!taken) throw new Error('no snapshot')
      const bytes = await readFile(taken.file)
      expect(taken).toMatchObject({
        archive: 'checkpoints.tar.gz',
        sizeBytes: bytes.length,
        md5: createHash('md5').update(bytes).digest('hex'),
      })
      const read = (member: string) => run('tar', ['-xzOf', taken.file, '--wildcards', member])
      expect((await read('*epoch-1/weights')).stdout).toBe('first')
      expect((await run('tar', ['-tzf', taken.file])).stdout).not.toContain('epoch-2')
      await rm(taken.file)
    }
    expect((await bench.engine.observe(id)).phase).toBe('running')
    await bench.engine.stop(id, 10_000)
    const [output] = (await bench.ended(id)).outputs
    expect((await run('tar', ['-xzOf', output?.file ?? '', '--wildcards', '*epoch-2/weights'])).stdout).toBe('last')
    expect(await bench.engine.snapshot(id, 'checkpoints.tar.gz')).toBeUndefined()
  })

  test('a task is removed while one of its outputs is archived', async () => {
    const outputs = [{ archive: 'checkpoints.tar.gz', path: '/opt/ml/checkpoints', always: false }]
    const id = await bench.start(
      [{ do: 'write', path: '/opt/ml/checkpoints/weights', text: 'some' }, { do: 'await-stop' }],
      { outputs },
    )
    await bench.printed(id, 'waiting')
    const taken = bench.engine.snapshot(id, 'checkpoints.tar.gz')
    await bench.engine.remove(id)
    const output = await taken
    expect(output?.archive ?? 'checkpoints.tar.gz').toBe('checkpoints.tar.gz')
    expect(await bench.engine.list()).toEqual([])
    expect(await bench.harness.leftovers()).toEqual([])
  })
}
