import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { gunzipSync } from 'node:zlib'
import { finalState, testSpec, until } from '@sagebrush/engine-kit'
import { requires } from '@sagebrush/testing'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openBench } from './testing.ts'

const run = promisify(execFile)
const model = { outputs: [{ archive: 'model.tar.gz', path: '/opt/ml/model', always: true }] }

let bench: Awaited<ReturnType<typeof openBench>>
beforeAll(async () => {
  bench = await openBench()
})
afterAll(async () => await bench.close())

/** Runs a script in /opt/ml/model and unpacks what is archived of it. */
async function archive(script: string) {
  const { state } = await bench.run(`cd /opt/ml/model\n${script}`, model)
  if (state.phase !== 'ended') throw new Error(state.message)
  const listed = await run('tar', ['--quoting-style=literal', '-tvzf', state.outputs[0]?.file ?? ''])
  const members = listed.stdout.split('\n').filter((line) => line !== '')
  return { state, members: members.map((line) => line.replace(/^(\S)\S+\s+\S+\s+\S+\s+\S+\s+\S+\s/, '$1 ')) }
}

describe('an archive', () => {
  test('holds files, folders, links within, hard links and modes', async () => {
    const { state, members } = await archive(
      'mkdir -p a/b; echo x > a/b/f; chmod 755 a/b/f; ln -s b/f a/link; ln -s /opt/ml/model/a abs; ln a/b/f hard; touch "ü €"; mkdir empty',
    )
    expect(state.outputError).toBeUndefined()
    expect(members.sort()).toEqual([
      '- a/b/f',
      '- ü €',
      'd a/',
      'd a/b/',
      'd empty/',
      'h hard link to a/b/f',
      'l a/link -> b/f',
      'l abs -> a',
    ])
  })

  test('is one gzip member that gives back every byte, whether it shrinks or not', async () => {
    const { state } = await archive(
      'seq 1 600000 > text; head -c 5000001 /dev/urandom > weights; cat text weights text > mixed; sha256sum mixed text weights',
    )
    const [output] = state.outputs
    const folder = await mkdtemp(join(tmpdir(), 'unpacked-'))
    const bytes = gunzipSync(await readFile(output?.file ?? '')) // refuses a wrong CRC or length
    await writeFile(join(folder, 'tar'), bytes)
    await run('tar', ['-xf', join(folder, 'tar'), '-C', folder])
    const { stdout } = await run('sha256sum', ['mixed', 'text', 'weights'], { cwd: folder })
    expect(state.lastLines).toEqual(stdout.trim().split('\n'))
    expect(output?.sizeBytes).toBeLessThan(bytes.length * 0.75)
    await rm(folder, { recursive: true })
  })

  test('leaves out what leads out, and pipes and sockets, and says so', async () => {
    const { state, members } = await archive(
      'echo kept > kept; ln -s /etc/passwd out; mkdir d; ln -s ../../../../etc/shadow d/up; mkfifo pipe',
    )
    expect(members.sort()).toEqual(['- kept', 'd d/'])
    for (const name of ['out', 'd/up', 'pipe']) expect(state.outputError).toContain(`model.tar.gz: "${name}" is`)
    expect(state.exit.code).toBe(0)
  })

  test('tells the first twenty of many problems, and how many more there are', async () => {
    const { state, members } = await archive('for i in $(seq 100 149); do ln -s /etc/passwd $i; done')
    expect(members).toEqual([])
    const told = (state.outputError ?? '').split('; ')
    expect(told).toHaveLength(21)
    expect(told[19]).toBe('model.tar.gz: "119" is a link that leaves the folder: left out')
    expect(told[20]).toBe('model.tar.gz: and 30 more')
  })

  test('leaves out what lies too deep, and keeps the rest', async () => {
    const { state, members } = await archive(
      `echo kept > kept; python3 -c "
import os
for i in range(700): os.mkdir('d'); os.chdir('d')
open('lost', 'w').close()"`,
    )
    expect(members).toHaveLength(401)
    expect(members).toContain('- kept')
    expect(state.exit.code).toBe(0)
    expect(state.outputError).toContain('model.tar.gz: what lies more than 400 folders deep is left out: "d/d/')
  })

  test('takes no memory of its members, however many', { timeout: 60_000 }, async () => {
    const folder = await mkdtemp(join(tmpdir(), 'many-'))
    try {
      const agent = fileURLToPath(new URL('../../../python/agent', import.meta.url))
      const code = `
import json, os, resource, sys
sys.path.insert(0, ${JSON.stringify(agent)})
import collect
collect._MOST_SORTED = 10000
os.mkdir('in')
def peak(): return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
def make(first, last):
    for i in range(first, last): os.close(os.open('in/%d' % i, os.O_CREAT | os.O_WRONLY))
    return collect.collect(os.getcwd(), 'in', '/opt/ml/model', 'out.tar.gz')[3]
few, before = make(0, 1000), peak()
print(json.dumps([few, make(1000, 40000), peak() - before]))`
      const { stdout } = await run('python3', ['-c', code], { cwd: folder })
      const [few, many, grownMiB] = JSON.parse(stdout)
      expect([few, many]).toEqual([1_000, 40_000])
      const listed = await run('sh', ['-c', 'tar -tzf out.tar.gz | sort | uniq | wc -l'], { cwd: folder })
      expect(listed.stdout.trim()).toBe('40000')
      // A member kept would be half a kilobyte: 20 MiB.
      expect(grownMiB).toBeLessThan(8)
    } finally {
      await rm(folder, { recursive: true })
    }
  })

  test('is told from a folder that was taken away', async () => {
    const { state, members } = await archive('rm -r /opt/ml/model')
    expect(members).toEqual([])
    expect(state.outputError).toBeUndefined()
  })
})

describe('unpacking', () => {
  const at = '/opt/ml/model'
  const members = `
import io, sys, tarfile
def add(tar, name, **fields):
    info = tarfile.TarInfo(name)
    data = fields.pop('data', b'')
    info.size = len(data)
    for key, value in fields.items(): setattr(info, key, value)
    tar.addfile(info, io.BytesIO(data))
with tarfile.open(sys.argv[1], 'w:gz') as tar:
    `
  let folder: string
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'unpack-'))
  })
  afterAll(async () => await rm(folder, { recursive: true }))

  async function unpack(code: string | Buffer, script: string) {
    const path = join(folder, 'archive')
    if (typeof code === 'string') await run('python3', ['-c', members + code, path])
    else await writeFile(path, code)
    const objects = { read: async function* () { yield [{ name: 'model.tar.gz', path, sizeBytes: 1 }] } } // biome-ignore format: one line reads better
    const engine = await bench.harness.open(objects)
    const spec = testSpec(bench.harness.image, ['/bin/sh', '-c', script], {
      inputs: [{ kind: 'archive', path: at, source: { kind: 'object', uri: 's3://b/model.tar.gz' } }],
    })
    await engine.start(spec)
    const state = await finalState(engine, spec.id)
    await engine.remove(spec.id)
    await engine.close()
    return state
  }

  test.each([
    ["add(tar, '/etc/evil')", '"/etc/evil" lies outside'],
    ["add(tar, 'a/../../evil')", '"a/../../evil" lies outside'],
    ["add(tar, 'l', type=tarfile.SYMTYPE, linkname='/etc')", 'link "l" leads out'],
    ["add(tar, 'l', type=tarfile.SYMTYPE, linkname='../..')", 'link "l" leads out'],
    [
      "add(tar, 'd', type=tarfile.DIRTYPE, mode=0o755); add(tar, 'd/x', type=tarfile.SYMTYPE, linkname='..'); add(tar, 'y', type=tarfile.SYMTYPE, linkname='d/x/../..')",
      'leads out',
    ],
    ["add(tar, 'l', type=tarfile.SYMTYPE, linkname='.'); add(tar, 'l/evil')", '"l/evil" lies behind a link'],
    ["add(tar, 'h', type=tarfile.LNKTYPE, linkname='../../../keys.json')", 'link "h" leads out'],
    ["add(tar, 'dev', type=tarfile.BLKTYPE, devmajor=8)", '"dev" is a device'],
    ["add(tar, 'fifo', type=tarfile.FIFOTYPE)", '"fifo" is a device or a pipe'],
  ])('%s is refused', async (code, words) => {
    const state = await unpack(code, 'true')
    expect(state).toMatchObject({ phase: 'failed', fault: 'user' })
    expect(state.phase === 'failed' && state.message).toContain(words)
    expect(state.phase === 'failed' && state.message).toContain('The archive s3://b/model.tar.gz')
  })

  test.each([
    ['not an archive', Buffer.from('hello, this is no archive at all')],
    ['cut off', Buffer.from('1f8b0800000000000003', 'hex')],
  ])('%s is refused', async (_, bytes) => {
    const state = await unpack(bytes, 'true')
    expect(state).toMatchObject({ phase: 'failed', fault: 'user' })
    expect(state.phase === 'failed' && state.message).toMatch(/^The archive s3:\/\/b\/model\.tar\.gz /)
  })

  test('keeps links within, modes without set-user-id, and lets the task write', async () => {
    const state = await unpack(
      "add(tar, 'code/run.sh', data=b'echo ran', mode=0o4555); add(tar, 'code/run.sh', data=b'echo again', mode=0o4555); add(tar, 'link', type=tarfile.SYMTYPE, linkname='code/run.sh')",
      `cd ${at} && stat -c %a code/run.sh && echo 'echo more' >> link && sh link`,
    )
    expect(state.phase === 'ended' && state.lastLines).toEqual(['755', 'againecho more'])
  })
})

test('a full disk is told, and the task ends clean', { timeout: 60_000 }, async (context) => {
  requires(context, 'root')
  const disk = await mkdtemp(join(tmpdir(), 'small-disk-'))
  await run('mount', ['-t', 'tmpfs', '-o', 'size=3m', 'tmpfs', disk])
  const small = await openBench({ root: join(disk, 'tasks') })
  try {
    const { id, state } = await small.run('head -c 1900000 /dev/urandom > /opt/ml/model/weights; echo done', model)
    if (state.phase !== 'ended') throw new Error(state.message)
    expect(state.outputError).toContain('model.tar.gz could not be made: No space left on device')
    expect(state.outputs).toEqual([])
    expect(state.exit.code).toBe(0)
    await small.engine.remove(id)
    const full = await small.run('cat /dev/zero > /opt/ml/model/all; seq 1 20000; exit 4', model)
    if (full.state.phase !== 'ended') throw new Error(full.state.message)
    expect(full.state.exit.code).toBe(4)
    expect(full.state.outputError).toMatch(/log were lost: the disk is full|No space left/)
    await small.engine.remove(full.id)
    // What nobody reads any more makes room for what the job has made.
    for (const place of ['/tmp', '$HOME']) {
      const script = `head -c 100000 /dev/urandom > /opt/ml/model/weights; cat /dev/zero > ${place}/all; exit 0`
      const { id, state } = await small.run(script, model)
      if (state.phase !== 'ended') throw new Error(state.message)
      expect({ place, outputs: state.outputs.map(({ archive }) => archive) }).toEqual({
        place,
        outputs: ['model.tar.gz'],
      })
      await small.engine.remove(id)
    }
  } finally {
    await small.close()
    await run('umount', [disk])
    await rm(disk, { recursive: true })
  }
})

describe('hosts of one job', () => {
  test('bind one port by their own names, and are told where they cannot', async () => {
    const hosts = ['algo-1', 'algo-2']
    const serve = (address: string) =>
      `python3 -c "import socket,time; s=socket.socket(); s.bind(('${address}', 47831)); s.listen(); print('bound'); time.sleep(60)"`
    const start = (host: string, address: string) => bench.start(serve(address), { host, hosts, group: 'a-job' })
    const printed = async (id: string) =>
      await until('bound', async () => ((await bench.lines(id)).includes('bound') ? true : undefined))
    const both = await Promise.all(hosts.map((host) => start(host, host)))
    await Promise.all(both.map(printed))
    const met = await bench.run('getent hosts algo-1 algo-2; hostname', { host: 'algo-2', hosts, group: 'a-job' })
    expect(met.lines).toEqual([
      expect.stringMatching(/^127\.\d+\.\d+\.1 +algo-1$/),
      expect.stringMatching(/^127\.\d+\.\d+\.2 +algo-2$/),
      'algo-2',
    ])
    for (const id of both) await bench.engine.remove(id)

    const first = await start('algo-1', '0.0.0.0')
    await printed(first)
    const second = await finalState(bench.engine, await start('algo-2', '0.0.0.0'))
    expect(second.phase === 'ended' && second.lastLines.at(-1)).toContain('bind the host\'s own name ("algo-2")')
    await bench.engine.remove(first)
  })
})
