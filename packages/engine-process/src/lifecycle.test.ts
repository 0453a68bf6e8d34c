import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmod, cp, mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { ObjectReader } from '@sagebrush/core'
import { allLines, finalState, testSpec, until } from '@sagebrush/engine-kit'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openBench, tinyImage } from './testing.ts'

let bench: Awaited<ReturnType<typeof openBench>>
beforeAll(async () => {
  bench = await openBench()
})
afterAll(async () => await bench.close())

const spec = (script: string, more = {}) => testSpec(tinyImage, ['/bin/bash', '-c', script], more)

/** An object store that answers when it is told to. */
function slowObjects() {
  const { promise, resolve } = Promise.withResolvers<void>()
  let asked = 0
  const objects: ObjectReader = {
    async *read() {
      asked++
      await promise
      yield []
    },
  }
  return { objects, release: resolve, asked: async () => await until('a read', async () => asked || undefined) }
}

describe('a server that goes while a task is being staged', () => {
  test('leaves a task that the next one starts, once', async () => {
    const slow = slowObjects()
    const first = await bench.harness.open(slow.objects)
    const task = spec('echo ran', { inputs: bench.channel('s3://slow/') })
    await first.start(task)
    await slow.asked()
    expect(await first.observe(task.id)).toMatchObject({ phase: 'staging' })
    const closed = first.close()
    slow.release()
    await closed
    const second = await bench.harness.open(bench.objects)
    expect(await finalState(second, task.id)).toMatchObject({ phase: 'ended', exit: { code: 0 } })
    const { lines } = await allLines(second, task.id)
    expect(lines.map(({ message }) => message)).toEqual(['ran'])
    await second.remove(task.id)
    await second.close()
  })

  test('may be followed before its supervisor is quite gone: the task is started after that', async () => {
    const slow = slowObjects()
    const first = await bench.harness.open(slow.objects)
    const task = spec('echo ran', { inputs: bench.channel('s3://slow/') })
    await first.start(task)
    await slow.asked()
    const closed = first.close()
    slow.release()
    await closed
    const hold =
      'import fcntl, sys, time; file = open(sys.argv[1]); fcntl.flock(file, fcntl.LOCK_EX); print(1, flush=True); time.sleep(1)'
    const lock = join(bench.harness.options.root, task.id, 'lock')
    const holder = spawn('python3', ['-c', hold, lock], { stdio: ['ignore', 'pipe', 'inherit'] })
    await once(holder.stdout, 'data')
    const second = await bench.harness.open(bench.objects)
    expect(await finalState(second, task.id)).toMatchObject({ phase: 'ended', exit: { code: 0 }, lastLines: ['ran'] })
    await second.remove(task.id)
    await second.close()
  })

  test('may be followed by two at once: one of them starts it', async () => {
    const slow = slowObjects()
    const first = await bench.harness.open(slow.objects)
    const task = spec('echo ran; sleep 0.3', { inputs: bench.channel('s3://slow/') })
    await first.start(task)
    await slow.asked()
    const closed = first.close()
    slow.release()
    await closed
    const both = await Promise.all([1, 2].map(() => bench.harness.open(bench.objects)))
    for (const engine of both) {
      expect(await finalState(engine, task.id)).toMatchObject({ phase: 'ended', exit: { code: 0 }, lastLines: ['ran'] })
    }
    await both[0]?.remove(task.id)
    for (const engine of both) await engine.close()
  })
})

describe('stop', () => {
  test('ends a task that is still being staged, as stopped', async () => {
    const slow = slowObjects()
    const engine = await bench.harness.open(slow.objects)
    const task = spec('echo never', { inputs: bench.channel('s3://slow/') })
    await engine.start(task)
    await slow.asked()
    await engine.stop(task.id, 60_000)
    slow.release()
    const state = await finalState(engine, task.id)
    expect(state).toMatchObject({ phase: 'ended', exit: { stopped: true, signal: 'SIGTERM' }, lastLines: [] })
    await engine.remove(task.id)
    await engine.close()
  })

  test('a second, shorter grace counts', async () => {
    const id = await bench.start(`trap '' TERM; echo up; while true; do sleep 60; done`)
    await until('up', async () => ((await bench.lines(id)).includes('up') ? true : undefined))
    await bench.engine.stop(id, 3_600_000)
    await bench.engine.stop(id, 100)
    expect(await finalState(bench.engine, id)).toMatchObject({ exit: { signal: 'SIGKILL', stopped: true } })
  })
})

test('what a killed server had begun to make or to remove goes with the next start', async () => {
  const { root } = bench.harness.options
  for (const name of ['.new-0123', '.gone-0123']) {
    await mkdir(join(root, name, 'ml'), { recursive: true })
    await writeFile(join(root, name, 'spec.json'), '{}')
  }
  await writeFile(join(root, '.hints', 'long-gone'), '')
  const next = await bench.harness.open(bench.objects)
  const left = await bench.harness.leftovers()
  expect(left.filter((name) => /0123|long-gone/.test(name))).toEqual([])
  await next.close()
})

test('a task whose image is unknown fails in words', async () => {
  const task = { ...spec('true'), image: { ...tinyImage, name: 'other' } }
  expect(await bench.engine.refuses(task)).toContain('no managed image "other"')
  await bench.engine.start(task)
  const state = await finalState(bench.engine, task.id)
  expect(state.phase === 'failed' && state.message).toContain('There is no managed image other 1.')
})

test('a supervisor that cannot run is told, and is not started for ever', async () => {
  const agent = await mkdtemp(join(tmpdir(), 'agent-'))
  const own = fileURLToPath(new URL('../../../python/agent', import.meta.url))
  await cp(own, agent, { recursive: true })
  await writeFile(
    join(agent, 'session.py'),
    'class Session:\n    def __init__(self, *parts):\n        import os\n        os._exit(3)\n',
  )
  const broken = await openBench({ agent })
  try {
    const { state } = await broken.run('true')
    expect(state).toMatchObject({ phase: 'failed', fault: 'platform' })
    await writeFile(join(agent, 'record.py'), 'raise SystemError("no record here")\n')
    const worse = await openBench({ agent })
    const { state: second } = await worse.run('true')
    expect(second.phase === 'failed' && second.message).toContain('its supervisor ended at once')
    await worse.close()
  } finally {
    await broken.close()
    await rm(agent, { recursive: true })
  }
})

test('the end is hinted within 10 ms of being written', async () => {
  const delays: number[] = []
  for (let i = 0; i < 5; i++) {
    const { promise, resolve } = Promise.withResolvers<number>()
    const task = spec('true')
    const stopWatching = bench.engine.watch(async (id) => {
      const state = await bench.engine.observe(id)
      if (id === task.id && state.phase === 'ended') resolve(Date.now() - state.ended.getTime())
    })
    await bench.engine.start(task)
    delays.push(await promise)
    stopWatching()
  }
  console.info(`hints: ${delays.join(', ')} ms after the end`)
  expect(Math.min(...delays)).toBeLessThanOrEqual(10)
})

test('what no namespaces cannot do is refused before it is started', async () => {
  const bare = await openBench({ isolation: 'none' })
  try {
    const refused = await bare.engine.refuses(spec('cat /opt/ml/input/x'))
    expect(refused).toMatch(/names \/opt\/ml, which does not exist here: .*script mode.*docker engine/)
    expect(await bare.engine.refuses(spec('true', { hosts: ['algo-1', 'algo-2'] }))).toContain('2 instances')
    expect(await bare.engine.refuses(testSpec(tinyImage, ['train']))).toBeUndefined()
    expect(await bench.engine.refuses(spec('cat /opt/ml/input/x'))).toBeUndefined()
    const { id } = await bare.run('true')
    const { lines } = await allLines(bare.engine, id)
    expect(lines[0]?.message).toContain('allows no private namespaces')
  } finally {
    await bare.close()
  }
})

test('a state of a newer format is refused, not misread', async () => {
  const { id } = await bench.run('true')
  const path = join(bench.harness.options.root, id, 'state.json')
  const state = await readFile(path, 'utf8')
  await writeFile(path, state.replace('"format": 1', '"format": 2'))
  await expect(bench.engine.observe(id)).rejects.toThrow('newer Sagebrush')
  await writeFile(path, state)
})

test('a root with a long name still gives a socket that answers', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'long-'))
  const runtime = await mkdtemp(join(tmpdir(), 'run-'))
  const long = await openBench({
    root: join(folder, 'x'.repeat(120), 'tasks'),
    variables: { ...process.env, XDG_RUNTIME_DIR: runtime },
  })
  try {
    const script = `python3 -c "import os,socket,time; s=socket.socket(socket.AF_UNIX); s.bind(os.environ['SAGEBRUSH_BIND_TO_SOCKET']); print('bound'); time.sleep(60)"`
    const id = await long.start(script, { serves: true })
    await until('bound', async () => ((await long.lines(id)).includes('bound') ? true : undefined))
    const state = await long.engine.observe(id)
    const path =
      state.phase === 'running' && state.address && 'socketPath' in state.address ? state.address.socketPath : ''
    expect(path.startsWith(runtime)).toBe(true)
    expect((await stat(path)).isSocket()).toBe(true)
    await long.engine.remove(id)
    await expect(stat(dirname(path))).rejects.toThrow('ENOENT')
  } finally {
    await long.close()
    await rm(folder, { recursive: true })
    await rm(runtime, { recursive: true })
  }
})

test('pip’s settings of the server’s user hold in the task', async () => {
  const home = await mkdtemp(join(tmpdir(), 'home-'))
  await mkdir(join(home, '.config/pip'), { recursive: true })
  await writeFile(join(home, '.config/pip/pip.conf'), '[global]\nindex-url = http://user:pw@127.0.0.1:9/simple\n')
  await chmod(join(home, '.config/pip/pip.conf'), 0o600)
  const settled = await openBench({ variables: { PATH: process.env.PATH, HOME: home } })
  try {
    const { lines } = await settled.run('pip config list')
    expect(lines).toContain("global.index-url='http://user:pw@127.0.0.1:9/simple'")
  } finally {
    await settled.close()
    await rm(home, { recursive: true })
  }
})
