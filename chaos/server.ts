import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { globSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { until } from './until.ts'

const cli = fileURLToPath(new URL('../packages/cli/bin/sagebrush.mjs', import.meta.url))
const START_SECONDS = 30

/** `sagebrush up` as a child process, on a temporary home and a port that stays over restarts. */
export class ServerUnderTest {
  readonly #folder: string
  readonly #variables: Readonly<Record<string, string | undefined>>
  #mounted: boolean
  #child: ChildProcess | undefined
  #said = ''

  /** `diskMiB`: the home is a file system of its own, of that size. */
  static async open(engine: string, diskMiB?: number): Promise<ServerUnderTest> {
    return new ServerUnderTest(engine, await freePort(), diskMiB)
  }

  private constructor(engine: string, port: number, diskMiB: number | undefined) {
    this.#folder = mkdtempSync(join(tmpdir(), 'chaos-'))
    for (const folder of [this.home, this.temporaryFolder]) mkdirSync(folder, { mode: 0o700 })
    this.#mounted = diskMiB !== undefined
    if (this.#mounted) execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${diskMiB}m,mode=700`, 'tmpfs', this.home])
    const outside = Object.entries(process.env).filter(
      ([name]) => !name.startsWith('SAGEBRUSH_') || name === 'SAGEBRUSH_CACHE',
    )
    this.#variables = {
      ...Object.fromEntries(outside),
      // Its own, so that what stays in it can be told from other programs' files.
      TMPDIR: this.temporaryFolder,
      SAGEBRUSH_HOME: this.home,
      SAGEBRUSH_PORT: String(port),
      SAGEBRUSH_ENGINE: engine,
    }
  }

  get home(): string {
    return join(this.#folder, 'home')
  }

  get temporaryFolder(): string {
    return join(this.#folder, 'tmp')
  }

  get isUp(): boolean {
    return this.#child !== undefined
  }

  /** Starts it; resolves once it has written down that it answers. Throws its last words where it ends instead. */
  async up(): Promise<void> {
    this.#said = ''
    const child = spawn(process.execPath, [cli, 'up', '--log.level', 'warn'], {
      env: this.#variables,
      stdio: ['ignore', 'ignore', 'pipe'],
    })
    child.stderr.setEncoding('utf8').on('data', (text) => {
      this.#said = `${this.#said}${text}`.slice(-4096)
    })
    this.#child = child
    await until(
      'the start of the server',
      START_SECONDS,
      () => {
        if (child.exitCode !== null) {
          this.#child = undefined
          throw new Error(`the server ended at its start: ${this.#said}`)
        }
        return recordedProcess(this.home) === child.pid || undefined
      },
      5,
    )
  }

  /** SIGKILL; resolves once the process is gone. The signal is sent before the first await. */
  async kill(): Promise<void> {
    await this.#end('SIGKILL')
  }

  /** SIGTERM, as `sagebrush down` sends it. */
  async down(): Promise<void> {
    await this.#end('SIGTERM')
  }

  /** Files that were to be there for a while only, outside of its home and in it. */
  temporaryFiles(): readonly string[] {
    const names = [
      ...readdirSync(this.temporaryFolder),
      ...globSync(['blobs/incoming/*', 'logs/aside/*'], { cwd: this.home }),
    ]
    return names.map((name) => `temporary file ${name}`)
  }

  /** True for what `leftBehind` says of the small disk. */
  isOwnDisk(what: string): boolean {
    return this.#mounted && what.startsWith(`mount tmpfs ${this.home} `)
  }

  removeFolder(): void {
    if (this.#mounted) execFileSync('umount', ['--lazy', this.home])
    this.#mounted = false
    rmSync(this.#folder, { recursive: true, force: true, maxRetries: 20 })
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    const child = this.#child
    this.#child = undefined
    if (!child || child.exitCode !== null || child.signalCode !== null) return
    const gone = once(child, 'exit')
    child.kill(signal)
    await gone
  }
}

function recordedProcess(home: string): number | undefined {
  try {
    return JSON.parse(readFileSync(join(home, 'server.json'), 'utf8')).pid
  } catch {
    return undefined // not there yet, or just being written
  }
}

async function freePort(): Promise<number> {
  const probe = createServer()
  await new Promise<void>((resolve) => probe.listen(0, '127.0.0.1', resolve))
  const address = probe.address()
  await new Promise((resolve) => probe.close(resolve))
  if (!address || typeof address === 'string') throw new Error('no port was given')
  return address.port
}
