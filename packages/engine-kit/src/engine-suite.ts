import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { type IncomingMessage, request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import {
  type Engine,
  type ObjectReader,
  type StagedObject,
  StagingError,
  type TaskAddress,
  type TaskImage,
  type TaskSpec,
} from '@sagebrush/core'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import type { Act } from './acts.ts'
import { isFinal } from './phases.ts'
import { allLines, finalState, testSpec, until } from './testing.ts'

/** One engine under test, which may be closed and opened again over what it left. */
export interface EngineHarness {
  open(objects: ObjectReader): Promise<Engine>
  readonly image: TaskImage
  /** The acts as a command of the image. */
  command(acts: readonly Act[]): readonly string[]
  /** What still bears any task's id: processes, mounts, files. Asked after every test's tasks were removed. */
  leftovers(): Promise<readonly string[]>
  close(): Promise<void>
}

const run = promisify(execFile)

/** The guarantees of the port, each as a test. Fails if anything is left running or lying about. */
export function engineSuite(name: string, makeHarness: () => Promise<EngineHarness>): void {
  describe(`engine: ${name}`, () => {
    let harness: EngineHarness
    let engine: Engine
    let folder: string
    const stored = new Map<string, readonly StagedObject[]>()
    const started = new Set<string>()
    const objects: ObjectReader = {
      async *read(_, { uri }) {
        const found = stored.get(uri)
        if (!found) throw new StagingError(`Nothing is stored at ${uri}.`)
        yield found
      },
    }

    async function store(uri: string, contents: Readonly<Record<string, string | Buffer>>): Promise<void> {
      const base = join(folder, createHash('md5').update(uri).digest('hex'))
      await mkdir(base)
      const entries = Object.entries(contents).map(async ([objectName, content], index) => {
        const path = join(base, String(index))
        await writeFile(path, content)
        return { name: objectName, path, sizeBytes: Buffer.byteLength(content) }
      })
      stored.set(uri, await Promise.all(entries))
    }

    async function start(acts: readonly Act[], more: Partial<TaskSpec> = {}): Promise<string> {
      const spec = testSpec(harness.image, harness.command(acts), more)
      started.add(spec.id)
      await engine.start(spec)
      return spec.id
    }

    const ended = async (id: string) => {
      const state = await finalState(engine, id)
      if (state.phase === 'failed') throw new Error(state.message)
      return state
    }
    const messages = async (id: string) => (await allLines(engine, id)).lines.map(({ message }) => message)
    const printed = async (id: string, line: string) =>
      await until(`"${line}" in the log`, async () => ((await messages(id)).includes(line) ? true : undefined))

    beforeAll(async () => {
      folder = await mkdtemp(join(tmpdir(), 'engine-suite-'))
      harness = await makeHarness()
      engine = await harness.open(objects)
    })
    afterEach(async () => {
      for (const id of started) await engine.remove(id)
      started.clear()
      expect(await engine.list()).toEqual([])
      expect(await harness.leftovers()).toEqual([])
    })
    afterAll(async () => {
      await engine?.close()
      await harness?.close()
      await rm(folder, { recursive: true, force: true })
    })

    test('an unknown id is absent, and may be stopped and removed', async () => {
      expect(await engine.observe('no-such-task')).toEqual({ phase: 'absent' })
      await engine.stop('no-such-task', 0)
      await engine.remove('no-such-task')
      expect((await engine.logs('no-such-task', undefined)).lines).toEqual([])
    })

    test('runs a command with its variables and files, keeps its lines, archives its outputs', async () => {
      const before = Date.now()
      const id = await start(
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
      const state = await ended(id)
      expect(state.exit).toEqual({ code: 0, outOfMemory: false, stopped: false })
      expect(state.lastLines.slice(-3)).toEqual(['hello $HOME "quoted"', '{"k":"1"}', 'done'])
      expect((await messages(id)).slice(-3)).toEqual(state.lastLines.slice(-3))
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
      const id = await start([], { outputs: [{ archive: 'model.tar.gz', path: '/opt/ml/model', always: true }] })
      const { outputs } = await ended(id)
      expect(outputs).toHaveLength(1)
      await run('tar', ['-tzf', outputs[0]?.file ?? ''])
    })

    test('starting a known id again changes nothing', async () => {
      const acts = [{ do: 'print', text: 'once' }, { do: 'await-stop' }] as const
      const spec = testSpec(harness.image, harness.command(acts))
      started.add(spec.id)
      await engine.start(spec)
      await Promise.all([1, 2, 3].map(() => engine.start(spec)))
      await printed(spec.id, 'waiting')
      await engine.start({ ...spec, command: harness.command([{ do: 'print', text: 'twice' }]) })
      await engine.stop(spec.id, 10_000)
      await ended(spec.id)
      await engine.start(spec)
      expect(await engine.observe(spec.id)).toMatchObject({ phase: 'ended' })
      expect((await messages(spec.id)).filter((line) => line === 'once')).toHaveLength(1)
      expect(await messages(spec.id)).not.toContain('twice')
    })

    test('tells exit codes, signals and the failure file', async () => {
      const long = 'é'.repeat(2000)
      const failing = await start([
        { do: 'write', path: '/opt/ml/output/failure', text: long },
        { do: 'exit', code: 3 },
      ])
      const killed = await start([{ do: 'kill-itself', signal: 'SIGSEGV' }])
      const first = await ended(failing)
      expect(first.exit).toEqual({ code: 3, outOfMemory: false, stopped: false })
      expect(first.failure).toBe('é'.repeat(1024))
      expect((await ended(killed)).exit).toEqual({ signal: 'SIGSEGV', outOfMemory: false, stopped: false })
    })

    test('a command that is not there fails in words', async () => {
      const spec = testSpec(harness.image, ['/no/such/program'])
      started.add(spec.id)
      await engine.start(spec)
      const state = await finalState(engine, spec.id)
      expect(state).toMatchObject({ phase: 'failed', fault: 'user' })
      expect(state.phase === 'failed' && state.message).toContain('/no/such/program')
    })

    test('SIGTERM reaches the command, and what it leaves is archived', async () => {
      const id = await start(
        [{ do: 'await-stop' }, { do: 'write', path: '/opt/ml/model/last', text: 'saved' }, { do: 'exit', code: 7 }],
        { outputs: [{ archive: 'model.tar.gz', path: '/opt/ml/model', always: false }] },
      )
      await printed(id, 'waiting')
      await engine.stop(id, 60_000)
      const state = await ended(id)
      expect(state.exit).toEqual({ code: 7, outOfMemory: false, stopped: true })
      expect(state.outputs).toHaveLength(1)
      await engine.stop(id, 0)
      expect(await engine.observe(id)).toEqual(state)
    })

    test('SIGKILL ends what ignores SIGTERM, after the grace', async () => {
      const id = await start([{ do: 'hang' }])
      await printed(id, 'hanging')
      const asked = Date.now()
      await engine.stop(id, 400)
      // However often it is asked for meanwhile.
      while (!isFinal(await engine.observe(id)) && Date.now() < asked + 5_000) {
        await engine.stop(id, 400)
        await new Promise((resolve) => setTimeout(resolve, 50))
      }
      const state = await ended(id)
      expect(state.exit).toEqual({ signal: 'SIGKILL', outOfMemory: false, stopped: true })
      expect(state.ended.getTime() - asked).toBeGreaterThanOrEqual(390)
      expect(state.ended.getTime() - asked).toBeLessThan(5_000)
    })

    test('a task outlives the engine, and no line is lost or doubled', async () => {
      const lines = Array.from({ length: 200 }, (_, i) => `line ${i}`)
      const id = await start([
        ...lines.slice(0, 100).map((text) => ({ do: 'print', text }) as const),
        { do: 'await-stop' },
        ...lines.slice(100).map((text) => ({ do: 'print', text }) as const),
      ])
      await printed(id, 'line 50')
      const first = await engine.logs(id, undefined)
      await engine.close()
      engine = await harness.open(objects)
      await printed(id, 'waiting')
      expect(await engine.observe(id)).toMatchObject({ phase: 'running' })
      expect(await engine.list()).toEqual([id])
      const second = await allLines(engine, id, first.cursor)
      await engine.close()
      engine = await harness.open(objects)
      await engine.stop(id, 10_000)
      expect((await ended(id)).lastLines).toEqual(lines.slice(-20))
      const third = await allLines(engine, id, second.cursor)
      expect((await engine.logs(id, third.cursor)).lines).toEqual([])
      const all = [...first.lines, ...second.lines, ...third.lines]
      expect(all.map(({ message }) => message).filter((text) => text.startsWith('line '))).toEqual(lines)
      const times = all.map(({ timestamp }) => timestamp.getTime())
      expect(times).toEqual([...times].sort((a, b) => a - b))
    })

    test('a channel may be written to, and what is stored stays as it is', async () => {
      const uri = 's3://bucket/train/'
      await store(uri, { 'a/one.csv': 'one\n', 'run.sh': '#!/bin/sh\n', 'ä ö.txt': 'x' })
      const at = '/opt/ml/input/data/train'
      const id = await start(
        [
          { do: 'show', path: `${at}/a/one.csv` },
          { do: 'write', path: `${at}/a/one.csv`, text: 'changed' },
          { do: 'make-executable', path: `${at}/run.sh` },
          { do: 'write', path: `${at}/new/file`, text: 'new' },
          { do: 'show', path: `${at}/a/one.csv` },
          { do: 'show', path: `${at}/ä ö.txt` },
          { do: 'write', path: '/opt/ml/input/own', text: 'own' },
        ],
        { inputs: [{ kind: 'objects', path: at, channel: 'train', source: { kind: 'prefix', uri } }] },
      )
      expect((await ended(id)).lastLines.slice(-3)).toEqual(['one', 'changed', 'x'])
      const bytes = (stored.get(uri) ?? []).map(({ path }) => readFile(path, 'utf8'))
      expect(await Promise.all(bytes)).toEqual(['one\n', '#!/bin/sh\n', 'x'])
    })

    test('an archive is unpacked; one that leads outside is refused', async () => {
      await mkdir(join(folder, 'pack/code'), { recursive: true })
      await writeFile(join(folder, 'pack/code/model.txt'), 'inside')
      await run('tar', ['-czf', join(folder, 'good'), '-C', join(folder, 'pack'), '.'])
      await run('tar', ['-czPf', join(folder, 'bad'), '-C', join(folder, 'pack/code'), '../code/model.txt'])
      for (const each of ['good', 'bad']) {
        await store(`s3://bucket/${each}.tar.gz`, { [`${each}.tar.gz`]: await readFile(join(folder, each)) })
      }
      const show: Act[] = [{ do: 'show', path: '/opt/ml/model/code/model.txt' }]
      const input = (uri: string) =>
        ({ inputs: [{ kind: 'archive', path: '/opt/ml/model', source: { kind: 'object', uri } }] }) as const
      const good = await start(show, input('s3://bucket/good.tar.gz'))
      const bad = await start(show, input('s3://bucket/bad.tar.gz'))
      expect((await ended(good)).lastLines.at(-1)).toBe('inside')
      const refused = await finalState(engine, bad)
      expect(refused).toMatchObject({ phase: 'failed', fault: 'user' })
      expect(refused.phase === 'failed' && refused.message).toMatch(/bad\.tar\.gz.*\.\.\/code\/model\.txt/)
      expect((await messages(bad)).filter((line) => line.includes('inside'))).toEqual([]) // and its log has an end
    })

    test('what S3 does not have fails in its words', async () => {
      const input = {
        kind: 'objects',
        path: '/opt/ml/input/data/x',
        source: { kind: 'prefix', uri: 's3://none/' },
      } as const
      const state = await finalState(engine, await start([], { inputs: [input] }))
      expect(state).toMatchObject({ phase: 'failed', fault: 'user', message: 'Nothing is stored at s3://none/.' })
    })

    test('a serving task answers at its address until it is stopped', async () => {
      const id = await start([{ do: 'serve' }], { serves: true })
      const address = await until('an address', async () => {
        const state = await engine.observe(id)
        return state.phase === 'running' ? state.address : undefined
      })
      const status = (path: string) => until('an answer', async () => await ask(address, path))
      expect(await status('/ping')).toBe(200)
      expect(await status('/other')).toBe(404)
      await engine.stop(id, 10_000)
      expect((await ended(id)).exit).toMatchObject({ signal: 'SIGTERM', stopped: true })
    })

    test('watchers hear of lines and of the end', async () => {
      const heard: string[] = []
      const stopWatching = engine.watch((id) => heard.push(id))
      const id = await start([{ do: 'await-stop' }])
      await printed(id, 'waiting')
      await until('a hint', async () => (heard.includes(id) ? true : undefined))
      heard.length = 0
      await engine.stop(id, 10_000)
      await ended(id)
      await until('a hint', async () => (heard.includes(id) ? true : undefined))
      stopWatching()
    })

    test('archives an output while the task runs, also while the task writes to it', { timeout: 60_000 }, async () => {
      const outputs = [{ archive: 'checkpoints.tar.gz', path: '/opt/ml/checkpoints', always: false }]
      const empty = await start([{ do: 'await-stop' }], { outputs })
      const id = await start(
        [
          { do: 'write', path: '/opt/ml/checkpoints/epoch-1/weights', text: 'first' },
          { do: 'keep-writing', path: '/opt/ml/checkpoints/growing' },
          { do: 'await-stop' },
          { do: 'write', path: '/opt/ml/checkpoints/epoch-2/weights', text: 'last' },
        ],
        { outputs },
      )
      expect(await engine.snapshot('no-such-task', 'checkpoints.tar.gz')).toBeUndefined()
      await Promise.all([printed(id, 'waiting'), printed(empty, 'waiting')])
      expect(await engine.snapshot(empty, 'checkpoints.tar.gz')).toBeUndefined()
      for (let round = 0; round < 5; round++) {
        const taken = await engine.snapshot(id, 'checkpoints.tar.gz')
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
      expect((await engine.observe(id)).phase).toBe('running')
      await engine.stop(id, 10_000)
      const [output] = (await ended(id)).outputs
      expect((await run('tar', ['-xzOf', output?.file ?? '', '--wildcards', '*epoch-2/weights'])).stdout).toBe('last')
      expect(await engine.snapshot(id, 'checkpoints.tar.gz')).toBeUndefined()
    })

    test('a task is removed while one of its outputs is archived', async () => {
      const outputs = [{ archive: 'checkpoints.tar.gz', path: '/opt/ml/checkpoints', always: false }]
      const id = await start(
        [{ do: 'write', path: '/opt/ml/checkpoints/weights', text: 'some' }, { do: 'await-stop' }],
        { outputs },
      )
      await printed(id, 'waiting')
      const taken = engine.snapshot(id, 'checkpoints.tar.gz')
      await engine.remove(id)
      const output = await taken
      expect(output?.archive ?? 'checkpoints.tar.gz').toBe('checkpoints.tar.gz')
      expect(await engine.list()).toEqual([])
      expect(await harness.leftovers()).toEqual([])
    })

    test('remove leaves nothing of a task that runs, its daemons included', async () => {
      const id = await start([{ do: 'leave-daemon' }, { do: 'hang' }], {
        outputs: [{ archive: 'model.tar.gz', path: '/opt/ml/model', always: true }],
      })
      await printed(id, 'hanging')
      await engine.remove(id)
      expect(await engine.observe(id)).toEqual({ phase: 'absent' })
      expect(await engine.list()).toEqual([])
      expect(await harness.leftovers()).toEqual([])
      await engine.remove(id)
    })

    test('a daemon ends with its task', async () => {
      const id = await start([{ do: 'leave-daemon' }, { do: 'print', text: 'left' }])
      expect((await ended(id)).exit.code).toBe(0)
    })
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
