import { type ChildProcess, execFile, fork } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { createReadStream } from 'node:fs'
import { mkdtemp, open, rename, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { Bench } from './bench.ts'
import { figure } from './figure.ts'
import { bucket, type Lab, openLab } from './lab.ts'
import { HttpConnection } from './load/http-connection.ts'
import { getBytes, putStream, type S3Access } from './load/s3-client.ts'
import { sign } from './load/sign.ts'
import { alternate, median, timed } from './measure.ts'
import { ended } from './serving-process.ts'

const MIB = 1024 * 1024
const sizeMiB = 256
const rounds = 7
const small = { clients: 16, requests: 1000, bytes: 1024 }

export const s3: Bench = {
  name: 's3',
  measures: 'PUT and GET of 256 MiB and small PUTs, beside what the disk, OpenSSL and a bare server take for the same',
  async *run(say) {
    const lab = await openLab()
    const folder = await mkdtemp(join(tmpdir(), 'sagebrush-bench-'))
    let bare: ChildProcess | undefined
    try {
      const access = accessOf(lab)
      const file = join(folder, 'source')
      await writeRandom(file, sizeMiB)
      say(`${rounds} uploads of ${sizeMiB} MiB, in turns with cp, fsync, SHA-256 and MD5`)
      await putFile(access, file)
      const put = await alternate(
        rounds,
        () => rate(sizeMiB, () => putFile(access, file)),
        () => rate(sizeMiB, () => copyAndHash(file, join(folder, 'copy'))),
      )
      yield figure({
        name: 's3-put-256mib',
        ours: median(put.ours),
        peer: median(put.peer),
        unit: 'MiB/s',
        n: rounds,
        target: { of: 'ratio', atLeast: 0.6 },
      })

      bare = fork(new URL('load/bare-file-server.ts', import.meta.url), [file])
      const [{ port }] = await once(bare, 'message')
      const download = async (url: string, path: string, key?: S3Access['key']) => {
        const bytes = await getBytes(url, path, key)
        if (bytes !== sizeMiB * MIB) throw new Error(`${url}${path} gave ${bytes} bytes`)
      }
      say(`${rounds} downloads, in turns with a bare server that streams the file`)
      const ours = () => download(access.url, `/${bucket}/large`, access.key)
      const peer = () => download(`http://127.0.0.1:${port}`, '/')
      for (const way of [ours, peer]) await way()
      const got = await alternate(
        rounds,
        () => rate(sizeMiB, ours),
        () => rate(sizeMiB, peer),
      )
      yield figure({
        name: 's3-get-256mib',
        ours: median(got.ours),
        peer: median(got.peer),
        unit: 'MiB/s',
        n: rounds,
        target: { of: 'ratio', atLeast: 0.8 },
      })

      say(`${rounds} × ${small.requests} PUTs of 1 KiB from ${small.clients} clients, in turns with bare durable files`)
      const smallRates = await alternate(
        rounds,
        (round) => rate(small.requests, () => putSmall(access, round)),
        (round) => rate(small.requests, () => writeSmall(folder, round)),
      )
      yield figure({
        name: 's3-small',
        ours: median(smallRates.ours),
        peer: median(smallRates.peer),
        unit: 'objects/s',
        n: rounds * small.requests,
        target: { of: 'ratio', atLeast: 0.25 },
      })
    } finally {
      if (bare) await ended(bare)
      await rm(folder, { recursive: true })
      await lab.close()
    }
  },
}

export function accessOf({ facts }: Lab): S3Access {
  return { url: facts.url, key: { ...facts, service: 's3' } }
}

async function rate(amount: number, work: () => Promise<unknown>): Promise<number> {
  return amount / ((await timed(work)) / 1000)
}

async function writeRandom(path: string, sizeInMiB: number): Promise<void> {
  const file = await open(path, 'w')
  try {
    for (let written = 0; written < sizeInMiB; written++) await file.write(randomBytes(MIB))
    await file.sync()
  } finally {
    await file.close()
  }
}

async function putFile(access: S3Access, file: string): Promise<void> {
  const body = createReadStream(file, { highWaterMark: 256 * 1024 })
  await putStream(access, { path: `/${bucket}/large`, sizeBytes: sizeMiB * MIB, body })
}

async function copyAndHash(from: string, to: string): Promise<void> {
  const script = 'cp "$0" "$1" && sync "$1" && openssl sha256 "$1" && openssl md5 "$1"'
  await promisify(execFile)('sh', ['-c', script, from, to])
  await rm(to)
}

/** Runs `work` for each number below `count`, so many at a time. */
async function atOnce(clients: number, count: number, work: (client: number, number: number) => Promise<void>) {
  let next = 0
  const client = async (_: unknown, index: number) => {
    while (next < count) await work(index, next++)
  }
  await Promise.all(Array.from({ length: clients }, client))
}

async function putSmall({ url, key }: S3Access, round: number): Promise<void> {
  const { hostname, port, host } = new URL(url)
  const address = { host: hostname, port: Number(port) }
  const connections = Array.from({ length: small.clients }, () => new HttpConnection(address))
  try {
    await atOnce(small.clients, small.requests, async (client, number) => {
      const path = `/${bucket}/small/${round}/${number}`
      const body = randomBytes(small.bytes)
      const headers = sign({ method: 'PUT', host, path, headers: {}, body }, key)
      const answer = await connections[client]?.request('PUT', path, headers, body)
      if (answer?.status !== 200) throw new Error(`PUT ${path}: ${answer?.status} ${answer?.body}`)
    })
  } finally {
    for (const connection of connections) connection.close()
  }
}

/** The least that makes a file durable and whole: written aside, synced, renamed, and its folder synced. */
async function writeSmall(root: string, round: number): Promise<void> {
  const folder = await mkdtemp(join(root, `small-${round}-`))
  await atOnce(small.clients, small.requests, async (_, number) => {
    const aside = join(folder, `${number}.new`)
    const file = await open(aside, 'wx')
    await file.write(randomBytes(small.bytes))
    await file.sync()
    await file.close()
    await rename(aside, join(folder, String(number)))
    const parent = await open(folder)
    await parent.sync()
    await parent.close()
  })
}
