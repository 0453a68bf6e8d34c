import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { expect, test } from 'vitest'
import { finalState, testSpec } from '../testing.ts'
import { run, type SuiteBench } from './suite-bench.ts'

/** What a task runs, and how its end is told. */
export function commandCases(bench: SuiteBench): void {
  test('an unknown id is absent, and may be stopped and removed', async () => {
    expect(await bench.engine.observe('no-such-task')).toEqual({ phase: 'absent' })
    await bench.engine.stop('no-such-task', 0)
    await bench.engine.remove('no-such-task')
    expect((await bench.engine.logs('no-such-task', undefined)).lines).toEqual([])
  })

  test('runs a command with its variables and files, keeps its lines, archives its outputs', async () => {
    const before = Date.now()
    const id = await bench.start(
      [
        { do: 'print-variable', name: 'GREETING' },
        { do: 'show', path: '/opt/ml/input/config/hyperparameters.json' },
        { do: 'write', path: '/opt/ml/model/deep/model.txt', text: 'weights' },
        { do: 'print-in-pieces', pieces: ['do', 'ne'] },
      ],
      {
        environment: { GREETING: 'hello $HOME "quoted"' },
        files: [{ path: '/opt/ml/input/config/hyperparameters.json', content: '{"k":"1"}' }],
        outputs: [
          { archive: 'model.tar.gz', path: '/opt/ml/model', always: false },
          { archive: 'output.tar.gz', path: '/opt/ml/output/data', always: false },
        ],
      },
    )
    const state = await bench.ended(id)
    expect(state.exit).toEqual({ code: 0, outOfMemory: false, stopped: false })
    expect(state.lastLines.slice(-3)).toEqual(['hello $HOME "quoted"', '{"k":"1"}', 'done'])
    expect((await bench.messages(id)).slice(-3)).toEqual(state.lastLines.slice(-3))
    expect(state.failure).toBeUndefined()
    expect(state.outputError).toBeUndefined()
    expect(before).toBeLessThanOrEqual(state.started.getTime())
    expect(state.started.getTime()).toBeLessThanOrEqual(state.collectingSince.getTime())
    expect(state.collectingSince.getTime()).toBeLessThanOrEqual(state.ended.getTime())
    expect(state.outputs.map(({ archive }) => archive)).toEqual(['model.tar.gz'])
    const [output] = state.outputs
    if (!output) throw new Error('no output')
    const bytes = await readFile(output.file)
    expect(output.sizeBytes).toBe(bytes.length)
    expect(output.md5).toBe(createHash('md5').update(bytes).digest('hex'))
    const { stdout } = await run('tar', ['-xzOf', output.file, '--wildcards', '*deep/model.txt'])
    expect(stdout).toBe('weights')
  })

  test('an empty folder gives an archive only where always asked for', async () => {
    const id = await bench.start([], { outputs: [{ archive: 'model.tar.gz', path: '/opt/ml/model', always: true }] })
    const { outputs } = await bench.ended(id)
    expect(outputs).toHaveLength(1)
    await run('tar', ['-tzf', outputs[0]?.file ?? ''])
  })

  test('starting a known id again changes nothing', async () => {
    const acts = [{ do: 'print', text: 'once' }, { do: 'await-stop' }] as const
    const spec = testSpec(bench.harness.image, bench.harness.command(acts))
    bench.started.add(spec.id)
    await bench.engine.start(spec)
    await Promise.all([1, 2, 3].map(() => bench.engine.start(spec)))
    await bench.printed(spec.id, 'waiting')
    await bench.engine.start({ ...spec, command: bench.harness.command([{ do: 'print', text: 'twice' }]) })
    await bench.engine.stop(spec.id, 10_000)
    await bench.ended(spec.id)
    await bench.engine.start(spec)
    expect(await bench.engine.observe(spec.id)).toMatchObject({ phase: 'ended' })
    expect((await bench.messages(spec.id)).filter((line) => line === 'once')).toHaveLength(1)
    expect(await bench.messages(spec.id)).not.toContain('twice')
  })

  test('tells exit codes, signals and the failure file', async () => {
    const long = 'é'.repeat(2000)
    const failing = await bench.start([
      { do: 'write', path: '/opt/ml/output/failure', text: long },
      { do: 'exit', code: 3 },
    ])
    const killed = await bench.start([{ do: 'kill-itself', signal: 'SIGSEGV' }])
    const first = await bench.ended(failing)
    expect(first.exit).toEqual({ code: 3, outOfMemory: false, stopped: false })
    expect(first.failure).toBe('é'.repeat(1024))
    expect((await bench.ended(killed)).exit).toEqual({ signal: 'SIGSEGV', outOfMemory: false, stopped: false })
  })

  test('a command that is not there fails in words', async () => {
    const spec = testSpec(bench.harness.image, ['/no/such/program'])
    bench.started.add(spec.id)
    await bench.engine.start(spec)
    const state = await finalState(bench.engine, spec.id)
    expect(state).toMatchObject({ phase: 'failed', fault: 'user' })
    expect(state.phase === 'failed' && state.message).toContain('/no/such/program')
  })
}
