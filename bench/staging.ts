import { linkSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { probeEngine } from '@sagebrush/engine-docker'
import { probe } from '@sagebrush/engine-process'
import type { Bench } from './bench.ts'
import { createContainerJob, lacksDocker, pythonImage } from './container.ts'
import { type Figure, figure, unmeasured } from './figure.ts'
import { firstStatement } from './first-statement.ts'
import { bucket, createJob, jobDone, type Lab, openLab, uploadArchive } from './lab.ts'
import { HttpConnection } from './load/http-connection.ts'
import { putStream, repeated } from './load/s3-client.ts'
import { sign } from './load/sign.ts'
import { alternate, median, timed } from './measure.ts'
import { accessOf } from './s3.ts'

const n = 7
const agent = fileURLToPath(new URL('../python/agent', import.meta.url))
const objects = 10_000
const largeBytes = 4 * 1024 ** 3
const channels = { empty: 1, many: objects, large: 1 } as const
type Channel = keyof typeof channels

// The time is taken before the files are looked at; that they are all there is looked at all the same.
const script = `import time; first = time.monotonic_ns()
import os, sys
files = os.listdir('/opt/ml/input/data/train')
size = sum(os.path.getsize('/opt/ml/input/data/train/' + name) for name in files)
print('first', first, sys.executable, len(files), size, flush=True)
`

const perObject = { unit: 'µs', target: { of: 'ours', atMost: 50 } } as const
const large = { unit: 'ms', target: { of: 'difference', atMost: 100 } } as const

export const staging: Bench = {
  name: 'staging',
  measures: `what a channel of ${objects} objects, or of one of 4 GiB, adds to a job's start`,
  async *run(say) {
    const lab = await openLab()
    try {
      say('storing the objects')
      await storeObjects(lab)
      const code = await uploadArchive(lab, 'code/sourcedir.tar.gz', { 'first.py': script })
      const { staging: way, stagingReason } = await probe({
        root: join(lab.home, 'tasks'),
        searchPath: process.env.PATH ?? '',
        agent,
      })
      const byProcess = (name: string, channel: Channel) => createJob(lab, name, code, uriOf(channel))
      yield* side(lab, say, '', way === 'copy' ? stagingReason : undefined, byProcess)

      const lacking = (await lacksDocker()) ?? (await copiesInDocker())
      const image = lacking === undefined ? await pythonImage() : ''
      // An entry point's words are lines of 256 characters at most.
      const command = {
        entrypoint: ['python3', '-c', "import os; exec(os.environ['SCRIPT'])"],
        environment: { SCRIPT: script },
      }
      const inDocker = (name: string, channel: Channel) =>
        createContainerJob(lab, name, { image, ...command, channel: uriOf(channel) })
      yield* side(lab, say, '-docker', lacking, inDocker)
    } finally {
      await lab.close()
    }
  },
}

function uriOf(channel: Channel): string {
  return `s3://${bucket}/${channel}/`
}

async function copiesInDocker(): Promise<string | undefined> {
  const { staging: way, stagingReason } = await probeEngine({ socketPath: '/var/run/docker.sock' }, tmpdir())
  return way === 'copy' ? stagingReason : undefined
}

async function* side(
  lab: Lab,
  say: (text: string) => void,
  suffix: string,
  lacking: string | undefined,
  create: (name: string, channel: Channel) => Promise<void>,
): AsyncIterable<Figure> {
  const names = { many: `staging-per-object${suffix}`, large: `staging-4gib${suffix}` }
  if (lacking !== undefined) {
    const reason = `neither overlay nor reflink: ${lacking}`
    yield unmeasured({ ...perObject, name: names.many, reason })
    yield unmeasured({ ...large, name: names.large, reason })
    return
  }
  const start = async (channel: Channel, round: number | string) => {
    const name = `${channel}-${round}${suffix}`
    const sent = process.hrtime.bigint()
    await create(name, channel)
    await jobDone(lab, name)
    const { first, rest } = await firstStatement(lab, name)
    const expected = `${channels[channel]} ${channel === 'large' ? largeBytes : 0}`
    if (rest !== expected) throw new Error(`${name} saw ${rest}, not ${expected} (files and bytes)`)
    return Number(first - sent) / 1e6
  }
  say(`making it warm${suffix && ' in docker'}`)
  await start('empty', 'warm')
  say(`${n} starts with each channel, in turns`)
  const links: number[] = []
  const many: number[] = []
  const compared = await alternate(
    n,
    (round) => start('large', round),
    async (round) => {
      many.push(await start('many', round))
      links.push(await timed(async () => bareLinks(lab.home)))
      return await start('empty', round)
    },
  )
  const empty = median(compared.peer)
  yield figure({
    ...perObject,
    name: names.many,
    ours: ((median(many) - empty) / objects) * 1000,
    peer: (median(links) / objects) * 1000,
    n,
  })
  yield figure({ ...large, name: names.large, ours: median(compared.ours), peer: empty, n })
}

/** The least that brings so many files into a folder: one hard link after the other. */
function bareLinks(home: string): void {
  const folder = mkdtempSync(join(home, 'bench-links-'))
  try {
    mkdirSync(join(folder, 'to'))
    writeFileSync(join(folder, 'from'), '')
    for (let number = 0; number < objects; number++) linkSync(join(folder, 'from'), join(folder, 'to', `${number}`))
  } finally {
    rmSync(folder, { recursive: true })
  }
}

async function storeObjects(lab: Lab): Promise<void> {
  const access = accessOf(lab)
  const block = Buffer.alloc(1024 * 1024)
  await putStream(access, { path: `/${bucket}/large/0`, sizeBytes: largeBytes, body: repeated(block, largeBytes) })
  const { hostname, port, host } = new URL(access.url)
  const paths = [`/${bucket}/empty/0`, ...Array.from({ length: objects }, (_, at) => `/${bucket}/many/${at}`)]
  const work = async () => {
    const connection = new HttpConnection({ host: hostname, port: Number(port) })
    try {
      for (let path = paths.pop(); path !== undefined; path = paths.pop()) {
        const body = Buffer.alloc(0)
        const headers = sign({ method: 'PUT', host, path, headers: {}, body }, access.key)
        const { status } = await connection.request('PUT', path, headers, body)
        if (status !== 200) throw new Error(`PUT ${path}: ${status}`)
      }
    } finally {
      connection.close()
    }
  }
  await Promise.all(Array.from({ length: 16 }, work))
}
