import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type DevEnv, startDevEnv } from '../index.ts'
import { Clients, deploy, ended, makeBucket, settled, startTraining, train, trainingLog, undeploy } from './fixtures.ts'

let env: DevEnv
let clients: Clients
let bucket: string
beforeAll(async () => {
  env = await startDevEnv()
  clients = new Clients(env.client, env.facts.account)
  bucket = await makeBucket(clients)
  const first = await startTraining(clients, { bucket, code: { 'train.py': '' } })
  expect((await ended(clients, first, 280)).TrainingJobStatus).toBe('Completed')
}, 300_000)
afterAll(async () => {
  clients.destroy()
  await env.close()
})

interface Entry {
  readonly name: string
  /** ustar's type: `0` file, `1` hard link, `2` symbolic link, `3` character device. */
  readonly type?: '0' | '1' | '2' | '3'
  readonly target?: string
  readonly text?: string
}

/** A tar.gz as no well-meaning tar would make it. */
function craftedTar(entries: readonly Entry[]): Buffer {
  const blocks = entries.flatMap(({ name, type = '0', target = '', text = '' }) => {
    const head = Buffer.alloc(512)
    const body = Buffer.from(text)
    head.write(name, 0)
    head.write('0000644\0', 100)
    head.write('0000000\0', 108)
    head.write('0000000\0', 116)
    head.write(`${body.length.toString(8).padStart(11, '0')}\0`, 124)
    head.write('00000000000\0', 136)
    head.write('        ', 148)
    head.write(type, 156)
    head.write(target, 157)
    head.write('ustar\x0000', 257)
    const sum = head.reduce((total, byte) => total + byte, 0)
    head.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148)
    return [head, body, Buffer.alloc((512 - (body.length % 512)) % 512)]
  })
  return gzipSync(Buffer.concat([...blocks, Buffer.alloc(1024)]))
}

const victim = join(tmpdir(), `faults-victim-${process.pid}`)
const python = (name: string): Entry => ({ name, text: 'def model_fn(folder): return 1\nprint("ran")\n' })
const evil: readonly (readonly [what: string, entries: readonly Entry[]])[] = [
  ['a path with ..', [{ name: `../../../../../../../..${victim}`, text: 'evil' }]],
  ['a path with .. in its middle', [{ name: `a/../../../../../../../../..${victim}`, text: 'evil' }]],
  ['an absolute path', [{ name: victim, text: 'evil' }]],
  ['a symbolic link to an absolute path', [{ name: 'link', type: '2', target: '/etc/hostname' }]],
  ['a symbolic link with ..', [{ name: 'a/link', type: '2', target: '../../../../etc/hostname' }]],
  [
    'a file through a link',
    [
      { name: 'out', type: '2', target: tmpdir() },
      { name: `out/faults-victim-${process.pid}`, text: 'evil' },
    ],
  ],
  ['a hard link out', [{ name: 'hard', type: '1', target: '/etc/hostname' }]],
  ['a hard link with ..', [{ name: 'hard', type: '1', target: '../../../../../../../etc/hostname' }]],
  ['a device', [{ name: 'device', type: '3' }]],
]

describe.each(evil)('an archive with %s is refused whole', (_, entries) => {
  afterAll(() => expect(existsSync(victim)).toBe(false))

  test('as sourcedir.tar.gz', async () => {
    const job = await train(clients, { bucket, code: craftedTar([python('train.py'), ...entries]) })
    expect(job.TrainingJobStatus).toBe('Failed')
    expect(job.FailureReason).toContain('sourcedir.tar.gz')
    expect(job.FailureReason).toContain(entries[0]?.name.slice(0, 40))
  })

  test('as model.tar.gz', async () => {
    const model = craftedTar([python('code/serve.py'), ...entries])
    const name = await deploy(clients, { bucket, model })
    const { EndpointStatus, FailureReason } = await settled(clients, name)
    await undeploy(clients, name)
    expect(EndpointStatus).toBe('Failed')
    expect(FailureReason).toContain('model.tar.gz')
    expect(FailureReason).toContain(entries[0]?.name.slice(0, 40))
  })
})

test('links within an archive stay', async () => {
  const code = craftedTar([
    { name: 'sub/real.py', text: 'print("ran through a link")' },
    { name: 'train.py', type: '2', target: 'sub/real.py' },
  ])
  const job = await train(clients, { bucket, code })
  expect(job.TrainingJobStatus, job.FailureReason).toBe('Completed')
  expect(await trainingLog(clients, job.TrainingJobName ?? '')).toContain('ran through a link')
})

describe('artifacts', () => {
  const artifact = async (uri: string | undefined): Promise<readonly string[]> => {
    const folder = await mkdtemp(join(tmpdir(), 'faults-'))
    try {
      const { Body } = await clients.s3.getObject({ Bucket: bucket, Key: uri?.replace(`s3://${bucket}/`, '') })
      await writeFile(join(folder, 'a.tar.gz'), (await Body?.transformToByteArray()) ?? '')
      const { stdout } = await promisify(execFile)('tar', ['-tvzf', join(folder, 'a.tar.gz')])
      return stdout.trim().split('\n')
    } finally {
      await rm(folder, { recursive: true })
    }
  }

  test.each([
    ['model', 'absolute', 'os.symlink("/etc/hostname", "/opt/ml/model/leak")'],
    ['model', 'with ..', 'os.symlink("../../../../etc/hostname", "/opt/ml/model/leak")'],
    ['model', 'to a folder', 'os.symlink("/etc", "/opt/ml/model/leak")'],
    ['model', 'instead of the folder', 'os.rmdir("/opt/ml/model"); os.symlink("/etc", "/opt/ml/model")'],
    ['output/data', 'absolute', 'os.symlink("/etc/hostname", "/opt/ml/output/data/leak")'],
  ])('in /opt/ml/%s that are symbolic links out of it (%s) carry nothing out', async (_, __, statement) => {
    const code = { 'train.py': `import os\nopen("/opt/ml/model/kept", "w").write("x")\n${statement}\n` }
    const job = await train(clients, {
      bucket,
      code: statement.includes('rmdir') ? { 'train.py': `import os\n${statement}\n` } : code,
    })
    const { Contents = [] } = await clients.s3.listObjectsV2({ Bucket: bucket, Prefix: `out/${job.TrainingJobName}/` })
    for (const { Key } of Contents) {
      const listing = (await artifact(`s3://${bucket}/${Key}`)).join('\n')
      expect(listing).not.toMatch(/leak|passwd/)
    }
    expect(job.TrainingJobStatus, job.FailureReason).toBe('Failed')
    expect(job.FailureReason).toMatch(/link/)
  })

  test('that are links within the folder stay what they are', async () => {
    const code = {
      'train.py': 'import os\nopen("/opt/ml/model/w", "w").write("x")\nos.symlink("w", "/opt/ml/model/latest")\n',
    }
    const job = await train(clients, { bucket, code })
    expect(job.TrainingJobStatus).toBe('Completed')
    expect((await artifact(job.ModelArtifacts?.S3ModelArtifacts)).join('\n')).toMatch(/latest -> w/)
  })
})
