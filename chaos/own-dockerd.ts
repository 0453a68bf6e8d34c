import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, openSync, readFileSync, rmSync } from 'node:fs'
import { request } from 'node:http'
import { join } from 'node:path'
import { until } from './until.ts'

const START_SECONDS = 60

/**
 * A container engine of the run's own, with all that it keeps below one folder. containerd is a process beside it, as
 * distributions have it, so that only dockerd is restarted. Must be in a network namespace of its own: a second
 * dockerd takes the first one's bridge and firewall rules away.
 */
export class OwnDockerd {
  readonly #folder: string
  #containerd: ChildProcess | undefined
  #dockerd: ChildProcess | undefined

  constructor(folder: string) {
    this.#folder = folder
    for (const name of ['containerd', 'docker']) mkdirSync(join(folder, name), { recursive: true })
  }

  get socket(): string {
    return join(this.#folder, 'docker.sock')
  }

  async start({ liveRestore }: { readonly liveRestore: boolean }): Promise<void> {
    await this.#startContainerd()
    const inFolder = (name: string) => join(this.#folder, 'docker', name)
    rmSync(inFolder('pid'), { force: true }) // of one that was killed
    const settings = [
      ...['--data-root', inFolder('data'), '--exec-root', inFolder('exec'), '--pidfile', inFolder('pid')],
      ...['--host', `unix://${this.socket}`, '--containerd', this.#containerdSocket],
      ...['--default-ulimit', 'nofile=16384:16384', ...(liveRestore ? ['--live-restore'] : [])],
    ]
    this.#dockerd = this.#spawn('dockerd', settings)
    await this.#until('dockerd', this.#dockerd, () => answers(this.socket))
  }

  /** Resolves once the process is gone, with or without its containers. */
  async stop(signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
    await ended(this.#dockerd, signal)
    this.#dockerd = undefined
  }

  async close(): Promise<void> {
    await this.stop('SIGTERM')
    await ended(this.#containerd, 'SIGTERM')
    this.#containerd = undefined
  }

  /** Images out of an archive of `docker save`. */
  load(archive: string): void {
    execFileSync('docker', ['--host', `unix://${this.socket}`, 'load', '--quiet', '--input', archive])
  }

  /** Mounts of volumes, which no container may have any more. */
  volumeMounts(): readonly string[] {
    const volumes = join(this.#folder, 'docker', 'data', 'volumes')
    const mounts = readFileSync('/proc/self/mounts', 'utf8').split('\n')
    return mounts.flatMap((line) => (line.includes(volumes) ? [`mount ${line}`] : []))
  }

  get #containerdSocket(): string {
    return join(this.#folder, 'containerd', 'sock')
  }

  async #startContainerd(): Promise<void> {
    if (this.#containerd) return
    const inFolder = (name: string) => join(this.#folder, 'containerd', name)
    this.#containerd = this.#spawn('containerd', [
      ...['--config', '/dev/null', '--root', inFolder('root'), '--state', inFolder('state')],
      ...['--address', this.#containerdSocket],
    ])
    await this.#until('containerd', this.#containerd, () => existsSync(this.#containerdSocket) || undefined)
  }

  #spawn(program: string, settings: readonly string[]): ChildProcess {
    const log = openSync(join(this.#folder, `${program}.log`), 'a')
    return spawn(program, settings, { stdio: ['ignore', log, log] })
  }

  async #until(program: string, child: ChildProcess, there: () => true | undefined | Promise<true | undefined>) {
    await until(`the start of ${program}`, START_SECONDS, async () => {
      if (child.exitCode === null) return await there()
      const said = readFileSync(join(this.#folder, `${program}.log`), 'utf8').slice(-2000)
      throw new Error(`${program} ended at its start: ${said}`)
    })
  }
}

async function ended(child: ChildProcess | undefined, signal: NodeJS.Signals): Promise<void> {
  if (!child || child.exitCode !== null || child.signalCode !== null) return
  const gone = once(child, 'exit')
  child.kill(signal)
  await gone
}

function answers(socketPath: string): Promise<true | undefined> {
  return new Promise((resolve) => {
    const asked = request({ socketPath, path: '/_ping' }, (response) => {
      response.resume()
      resolve(response.statusCode === 200 || undefined)
    })
    asked.on('error', () => resolve(undefined)).end()
  })
}
