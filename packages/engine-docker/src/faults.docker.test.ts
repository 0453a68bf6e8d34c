import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { promisify } from 'node:util'
import { until } from '@sagebrush/engine-kit'
import { skipsFor } from '@sagebrush/testing'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { containerName, homeLabel } from './options.ts'
import { type Bench, openBench } from './testing-bench.ts'

const run = promisify(execFile)
const MODEL = [{ archive: 'model.tar.gz', path: '/opt/ml/model', always: true }]

describe.skipIf(skipsFor('docker'))('a container that misbehaves', () => {
  let bench: Bench
  beforeAll(async () => {
    bench = await openBench({ processes: 150 })
  })
  afterAll(async () => await bench.close())

  test('forks without end: it is held to its share, and can be stopped', async () => {
    const id = await bench.start(`fork() { fork | fork & }; fork; sleep 2; echo limited; sleep 1000`)
    const limited = async () => ((await bench.lines(id)).some((line) => /fork: |limited/.test(line)) ? true : undefined)
    await until('the limit', limited)
    const top = (await bench.harness.api.call('GET', `/containers/${containerName(bench.harness.root, id)}/json`)) as {
      HostConfig: { PidsLimit: number }
    }
    expect(top.HostConfig.PidsLimit).toBe(150)
    await bench.engine.stop(id, 300)
    const { state, lines } = await bench.end(id)
    expect(state).toMatchObject({ phase: 'ended', exit: { stopped: true } })
    expect(lines.join('\n')).toContain('Resource temporarily unavailable')
  })

  test('ends because it may start no more processes: the limit and its setting are named', async () => {
    const { state } = await bench.run(
      `python3 -c "
import os, signal, time
for _ in range(1000):
    if os.fork() == 0: signal.pause()" `,
    )
    const lines = state.phase === 'ended' ? state.lastLines : []
    expect(lines.join('\n')).toContain('BlockingIOError: [Errno 11] Resource temporarily unavailable')
    expect(lines.at(-1)).toBe(
      'Sagebrush: a task has at most 150 processes and threads at a time (setting docker.processes).',
    )
  })

  test('takes more memory than its instance has: told as such, also where only a child of it does', async () => {
    const greedy = `python3 -c "x = bytearray(200 << 20); print(len(x))"`
    const resources = { memoryMiB: 64 }
    const { state } = await bench.run(`exec ${greedy}`, { resources })
    expect(state).toMatchObject({ phase: 'ended', exit: { signal: 'SIGKILL', outOfMemory: true, stopped: false } })
    const child = await bench.run(`${greedy}; echo "child: $?"; exit 3`, { resources })
    expect(child.state).toMatchObject({ phase: 'ended', exit: { code: 3, outOfMemory: true } })
    expect(child.lines.join('\n')).toContain('child: 137')
  })

  test('is removed by hand: the task fails with words', async () => {
    const id = await bench.start('echo up; sleep 1000')
    await until('the start', async () => ((await bench.lines(id)).includes('up') ? true : undefined))
    await run('docker', ['rm', '-f', containerName(bench.harness.root, id)])
    const { state } = await bench.end(id)
    expect(state).toMatchObject({ phase: 'failed', fault: 'platform' })
    expect(state.phase === 'failed' && state.message).toContain('somebody removed it ("docker rm")')
  })

  test('is paused by hand: it goes on afterwards, and can be stopped meanwhile', async () => {
    const script = `echo up; trap 'echo asked; exit 0' TERM; while true; do sleep 0.1; done`
    const ids = await Promise.all([bench.start(script), bench.start('echo up; read -t 2 <> <(:); echo over')])
    const names = ids.map((id) => containerName(bench.harness.root, id))
    for (const id of ids) await until('up', async () => ((await bench.lines(id)).includes('up') ? true : undefined))
    await run('docker', ['pause', ...names])
    for (const id of ids) expect((await bench.engine.observe(id)).phase).toBe('running')
    await bench.engine.stop(ids[0] ?? '', 10_000)
    expect((await bench.end(ids[0] ?? '')).state).toMatchObject({ phase: 'ended', exit: { code: 0, stopped: true } })
    await run('docker', ['unpause', names[1] ?? ''])
    expect((await bench.end(ids[1] ?? '')).lines).toEqual(['up', 'over'])
  })

  test('finds its network taken away: another is made', async () => {
    const { id } = await bench.run('true')
    await bench.engine.remove(id)
    await run('docker', ['network', 'rm', `sagebrush-${homeLabel(bench.harness.root)}`])
    const { state, lines } = await bench.run('echo here; hostname')
    expect(state).toMatchObject({ phase: 'ended', exit: { code: 0 } })
    expect(lines).toEqual(['here', 'algo-1'])
  })
})

describe.skipIf(skipsFor('docker'))('what a container leaves', () => {
  let bench: Bench
  beforeAll(async () => {
    bench = await openBench()
  })
  afterAll(async () => await bench.close())

  const listed = async (state: Awaited<ReturnType<Bench['run']>>['state']) => {
    if (state.phase !== 'ended') throw new Error(state.message)
    const [file = ''] = state.outputs.map(({ file }) => file)
    const { stdout } = await run('tar', ['-tvzf', file, '--quoting-style=escape'], { maxBuffer: 1 << 28 })
    return { file, members: stdout.trim().split('\n').sort() }
  }

  test('is archived as it is: links within, hard links, long and odd names, sparse files, modes and times', async () => {
    const script = `cd /opt/ml/model && mkdir -p sub/deep && printf data > sub/file && ln -s file sub/within && ln sub/file hard
      ln -s /opt/ml/model/sub/file absolute; ln -s /etc/passwd out; ln -s ../../x sub/out; ln -s loop loop; mkfifo pipe; mknod node c 1 3
      long=$(printf 'n%.0s' $(seq 250)); mkdir -p $long/$long/$long && printf deep > $long/$long/$long/$long
      printf odd > $'bytes-\\xff\\xfe'; printf 'odd' > $'new\\nline'; printf unicode > 'ä ö €'; truncate -s 200M sparse; chmod 4751 sub/file; touch -d @86400 sub/file`
    const { state } = await bench.run(script, { outputs: MODEL })
    const { file, members } = await listed(state)
    const names = members.map((line) => line.replace(/^(\S+ +){5}/, ''))
    expect(names).toContain('sub/within -> file')
    expect(names).toContain('absolute -> sub/file')
    expect(names).toContain('bytes-\ufffd\ufffd')
    expect(names).toContain('new\\nline')
    expect(names.filter((name) => /link to/.test(name))).toHaveLength(1)
    const read = async (...words: string[]) => (await run('tar', ['-xzOf', file, ...words])).stdout
    expect(await read('--wildcards', '*n/n*/n*/n*')).toBe('deep')
    expect(await read('ä ö €')).toBe('unicode')
    const { stdout } = await run('sh', ['-c', `tar -xzOf ${file} sparse | wc -c`])
    expect(stdout.trim()).toBe(String(200 << 20))
    expect(members.find((line) => line.includes('sub/within'))).toMatch(/^l/)
    const problem = state.phase === 'ended' && state.outputError
    for (const [name, why] of [
      ['out', 'leaves'],
      ['sub/out', 'leaves'],
      ['pipe', 'neither'],
      ['node', 'neither'],
    ]) {
      expect(problem).toMatch(new RegExp(`"${name}" is .*${why}`))
      expect(names.some((each) => each.split(' ')[0] === name)).toBe(false)
    }
    expect((await readFile(file)).length).toBeLessThan(5 << 20)
  })

  test('is said to lack what a link in a folder’s place leads to', async () => {
    const { state } = await bench.run('rmdir /opt/ml/output/data && ln -s /etc /opt/ml/output/data', {
      outputs: [{ archive: 'output.tar.gz', path: '/opt/ml/output/data', always: false }],
    })
    expect(state).toMatchObject({ phase: 'ended', outputs: [] })
    expect(state.phase === 'ended' && state.outputError).toContain('/opt/ml/output/data is a link')
  })

  test('tells the first twenty of many problems, and how many more there are', async () => {
    const script = 'cd /opt/ml/model; for i in $(seq 100 149); do ln -s /etc/passwd $i; done'
    const { state } = await bench.run(script, { outputs: MODEL })
    const told = (state.phase === 'ended' && state.outputError ? state.outputError : '').split('; ')
    expect(told).toHaveLength(21)
    expect(told[19]).toBe('"119" is a link that leaves the folder: left out')
    expect(told[20]).toBe('and 30 more')
  })

  test('may be 20,000 tiny files', async () => {
    const script = `python3 -c "
import os
os.chdir('/opt/ml/model')
for folder in range(20):
    os.mkdir(str(folder))
    for i in range(1000): open('%d/%d' % (folder, i), 'w').write('x')"`
    const before = process.memoryUsage().rss
    const { state } = await bench.run(script, { outputs: MODEL }, 100_000)
    if (state.phase !== 'ended') throw new Error(state.message)
    const took = state.ended.getTime() - state.collectingSince.getTime()
    const grown = Math.round((process.memoryUsage().rss - before) / 2 ** 20)
    console.info(`20,000 files were archived in ${took} ms; the process grew by ${grown} MiB`)
    const { stdout } = await run('sh', ['-c', `tar -tzf ${state.outputs[0]?.file} | wc -l`])
    expect(stdout.trim()).toBe('20020')
    expect(grown).toBeLessThan(300)
  })
})
