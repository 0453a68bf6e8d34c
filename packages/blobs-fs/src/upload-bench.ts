import { execFileSync, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { mkdtemp, open, rm } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { openBlobs } from './open-blobs.ts'

// `node src/upload-bench.ts [MiB [rounds]]`: create with SHA-256 and MD5 against cp, fsync and openssl, and the loop's stalls
// while a body of that size comes in over a socket.

const sizeMiB = Number(process.argv[2] ?? 256)
const rounds = Number(process.argv[3] ?? 3)
const folder = await mkdtemp(join(tmpdir(), 'upload-bench-'))
const blobs = await openBlobs({ root: join(folder, 'blobs') })
const source = join(folder, 'source')
const writer = await open(source, 'w')
const block = randomBytes(1024 * 1024)
for (let i = 0; i < sizeMiB; i++) await writer.write(block)
await writer.sync()
await writer.close()

async function timed(run: () => unknown): Promise<number> {
  const start = performance.now()
  await run()
  return performance.now() - start
}

const digests = ['sha256', 'md5'] as const
const ours: number[] = []
const peer: number[] = []
for (let round = 0; round < rounds; round++) {
  const copy = join(folder, 'copy')
  peer.push(
    await timed(() =>
      execFileSync('sh', [
        '-c',
        `cp ${source} ${copy} && sync ${copy} && openssl sha256 ${copy} && openssl md5 ${copy}`,
      ]),
    ),
  )
  await rm(copy)
  ours.push(
    await timed(async () => {
      const { id } = await blobs.create(createReadStream(source, { highWaterMark: 64 * 1024 }), { digests })
      await blobs.remove(id)
    }),
  )
}
const median = (all: number[]): number => all.sort((a, b) => a - b)[Math.floor(all.length / 2)] ?? 0
console.log(
  `create of ${sizeMiB} MiB: ${median(ours).toFixed(0)} ms; cp + fsync + sha256 + md5: ${median(peer).toFixed(0)} ms;` +
    ` ratio ${(median(peer) / median(ours)).toFixed(2)}`,
)

const server = createServer(async (incoming, answer) => {
  const { id } = await blobs.create(incoming, { digests: ['sha256', 'md5', 'crc32'] })
  await blobs.remove(id)
  answer.end()
})
await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
const { port } = server.address() as AddressInfo
const upload = `const http=require('node:http'),fs=require('node:fs');
const r=http.request({port:${port},method:'PUT'},a=>a.resume().on('end',()=>process.exit()));fs.createReadStream(${JSON.stringify(source)},{highWaterMark:1<<18}).pipe(r)`
const delay = monitorEventLoopDelay({ resolution: 1 })
delay.enable()
const seconds =
  (await timed(
    () => new Promise((resolve) => spawn(process.execPath, ['-e', upload], { stdio: 'inherit' }).on('exit', resolve)),
  )) / 1_000
delay.disable()
const ms = (nanoseconds: number): string => (nanoseconds / 1e6).toFixed(1)
console.log(
  `over a socket: ${(sizeMiB / seconds).toFixed(0)} MiB/s; event loop delay p50 ${ms(delay.percentile(50))},` +
    ` p99 ${ms(delay.percentile(99))}, max ${ms(delay.max)} ms`,
)
server.close()
await rm(folder, { recursive: true })
