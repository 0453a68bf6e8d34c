import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import type { Bench } from './bench.ts'
import { figure } from './figure.ts'
import { HttpConnection } from './load/http-connection.ts'
import { type SigningKey, sign } from './load/sign.ts'
import { alternate, median, until } from './measure.ts'
import { ended } from './serving-process.ts'

const n = 10
const cli = fileURLToPath(new URL('../packages/cli/bin/sagebrush.mjs', import.meta.url))
const bareServer = fileURLToPath(new URL('load/bare-server.ts', import.meta.url))

interface Start {
  readonly ms: number
  readonly rssMiB: number
}

export const server: Bench = {
  name: 'server',
  measures: 'cold start to the first signed answer, and the memory after it, beside a bare HTTP server in Node.js',
  async *run(say) {
    const home = mkdtempSync(join(tmpdir(), 'sb-'))
    try {
      const port = await freePort()
      const environment = { SAGEBRUSH_HOME: home, SAGEBRUSH_PORT: String(port) }
      const up = () =>
        spawn(process.execPath, [cli, 'up'], { env: { ...process.env, ...environment }, stdio: 'ignore' })
      const bare = () => spawn(process.execPath, [bareServer, String(port)], { stdio: 'ignore' })
      say('the first start, which makes the keys')
      const first = up()
      await until('the first start', async () => readKey(home), { everyMs: 20, limitMs: 30_000 })
      await ended(first)
      const key = readKey(home)
      if (!key) throw new Error('the first start wrote no key')
      say(`${n} starts, in turns with a bare server`)
      const memory = { ours: [] as number[], peer: [] as number[] }
      const samples = await alternate(
        n,
        async () => {
          const { ms, rssMiB } = await measureStart(up, () => signedAnswer(port, key))
          memory.ours.push(rssMiB)
          return ms
        },
        async () => {
          const { ms, rssMiB } = await measureStart(bare, () => plainAnswer(port))
          memory.peer.push(rssMiB)
          return ms
        },
      )
      yield figure({
        name: 'server-start',
        ours: median(samples.ours),
        peer: median(samples.peer),
        unit: 'ms',
        n,
        target: { of: 'ours', atMost: 500 },
      })
      yield figure({
        name: 'server-idle-memory',
        ours: median(memory.ours),
        peer: median(memory.peer),
        unit: 'MiB',
        n,
        target: { of: 'ours', atMost: 150 },
      })
    } finally {
      rmSync(home, { recursive: true })
    }
  },
}

async function measureStart(start: () => ChildProcess, ask: () => Promise<true | undefined>): Promise<Start> {
  const started = performance.now()
  const child = start()
  try {
    await until('the first answer', ask, { everyMs: 1, limitMs: 30_000 })
    const ms = performance.now() - started
    // What is set up right after the first answer counts as well.
    await delay(1000)
    return { ms, rssMiB: residentMiB(child.pid ?? 0) }
  } finally {
    await ended(child)
  }
}

/** GetCallerIdentity: an answer that needs the store, the keys and the dispatch. */
async function signedAnswer(port: number, key: SigningKey): Promise<true | undefined> {
  const body = Buffer.from('Action=GetCallerIdentity&Version=2011-06-15')
  const headers = { 'content-type': 'application/x-www-form-urlencoded; charset=utf-8' }
  const host = `127.0.0.1:${port}`
  return ask(port, sign({ method: 'POST', path: '/', host, headers, body }, key), body, '<GetCallerIdentityResult>')
}

function plainAnswer(port: number): Promise<true | undefined> {
  return ask(port, { host: `127.0.0.1:${port}` }, Buffer.alloc(0), 'ok')
}

async function ask(
  port: number,
  headers: Readonly<Record<string, string>>,
  body: Buffer,
  expected: string,
): Promise<true | undefined> {
  const connection = new HttpConnection({ host: '127.0.0.1', port })
  try {
    const answer = await connection.request('POST', '/', headers, body)
    if (answer.status === 200 && answer.body.includes(expected)) return true
    throw new Error(`answered ${answer.status} ${answer.body.toString('utf8', 0, 300)}`)
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ECONNREFUSED') return undefined
    throw error
  } finally {
    connection.close()
  }
}

function readKey(home: string): SigningKey | undefined {
  try {
    const facts = JSON.parse(readFileSync(join(home, 'client', 'facts.json'), 'utf8'))
    return { ...facts, service: 'sts' }
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined
    throw error
  }
}

function residentMiB(pid: number): number {
  const kib = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]
  return Number(kib) / 1024
}

async function freePort(): Promise<number> {
  const probe = createServer()
  await new Promise<void>((resolve) => probe.listen(0, '127.0.0.1', resolve))
  const address = probe.address()
  await new Promise((resolve) => probe.close(resolve))
  if (!address || typeof address === 'string') throw new Error('no port was given')
  return address.port
}
