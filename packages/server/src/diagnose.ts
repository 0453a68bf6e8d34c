import { existsSync } from 'node:fs'
import { access, constants, mkdtemp, rm, statfs } from 'node:fs/promises'
import { createConnection } from 'node:net'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { type ProbeResult, probe } from '@sagebrush/engine-process'
import type { Config } from './config/settings.ts'
import { containerEngine } from './diagnose-containers.ts'
import { type Finding, nearestFolder } from './finding.ts'
import { runningServer } from './home/open-home.ts'
import { installed } from './installation.ts'

const FEW_BYTES_FREE = 5 * 1024 ** 3

/** Looks at everything that Sagebrush needs or could use. Changes nothing: a home that is not there is not made. */
export async function diagnose(config: Config): Promise<readonly Finding[]> {
  const { found, unwritable } = await probeHome(config.home)
  const [python] = found.pythons
  return [
    node(process.versions.node),
    found.pythonProblem
      ? {
          name: 'python3',
          state: 'bad',
          found: python ? `${python.version} at ${python.path}` : 'none',
          fix: found.pythonProblem,
        }
      : { name: 'python3', state: 'good', found: `${python?.version} at ${python?.path}, with venv` },
    await tar(process.env.PATH ?? ''),
    found.namespaces === 'none'
      ? {
          name: 'namespaces',
          state: 'poor',
          found: `none: ${found.namespacesReason}. Script mode works by its SM_* variables; commands that name /opt/ml are refused.`,
          fix: namespacesFix(),
        }
      : { name: 'namespaces', state: 'good', found: found.namespaces === 'root' ? 'as root' : 'as an ordinary user' },
    found.staging === 'copy'
      ? {
          name: 'staging',
          state: 'poor',
          found: `channels are copied: ${found.stagingReason}`,
          fix: 'Keep the home on ext4, XFS or Btrfs with Linux 5.11 or newer, and see namespaces.',
        }
      : { name: 'staging', state: 'good', found: `channels are not copied (${found.staging})` },
    ...(await containerEngine(config)),
    ...unwritable,
    await disk(config.home),
    await port(config),
  ]
}

function namespacesFix(): string {
  if (existsSync('/.dockerenv') || existsSync('/run/.containerenv')) {
    return 'A container has none by default: docs/installation.md says what starting it with them gives away.'
  }
  return 'Run as root, or let users make namespaces: sysctl kernel.unprivileged_userns_clone=1 (or kernel.apparmor_restrict_unprivileged_userns=0).'
}

/** Tries on the disk of the home what tasks need, in a folder that is removed again. */
async function probeHome(home: string): Promise<{ found: ProbeResult; unwritable: readonly Finding[] }> {
  const nearest = await nearestFolder(join(home, 'tasks'))
  try {
    return { found: await probeIn(await mkdtemp(join(nearest, '.sagebrush-probe-'))), unwritable: [] }
  } catch (error) {
    if (!(error instanceof Error && 'syscall' in error && error.syscall === 'mkdtemp')) throw error
    const unwritable: Finding = {
      name: 'home',
      state: 'bad',
      found: `nothing can be written to ${nearest}: ${error.message}`,
      fix: 'Make it writable, or choose another home: SAGEBRUSH_HOME',
    }
    return { found: await probeIn(await mkdtemp(join(tmpdir(), '.sagebrush-probe-'))), unwritable: [unwritable] }
  }
}

async function probeIn(folder: string): Promise<ProbeResult> {
  try {
    return await probe({ root: folder, searchPath: process.env.PATH ?? '', agent: installed('python/agent') })
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

function node(version: string): Finding {
  const isEnough = Number(version.split('.')[0]) >= 24
  return isEnough
    ? { name: 'node', state: 'good', found: version }
    : { name: 'node', state: 'bad', found: version, fix: 'Sagebrush needs Node.js 24 or newer: nodejs.org' }
}

/** Clients pack their scripts with it, and backups are written by it. */
async function tar(searchPath: string): Promise<Finding> {
  for (const folder of searchPath.split(delimiter).filter(Boolean)) {
    const path = join(folder, 'tar')
    const isThere = await access(path, constants.X_OK).then(
      () => true,
      () => false,
    )
    if (isThere) return { name: 'tar', state: 'good', found: path }
  }
  return {
    name: 'tar',
    state: 'bad',
    found: 'none',
    fix: 'No tar is on PATH: install it (Debian, Ubuntu: apt-get install tar)',
  }
}

async function disk(home: string): Promise<Finding> {
  const folder = await nearestFolder(home)
  const { bavail, bsize } = await statfs(folder)
  const free = bavail * bsize
  const found = `${(free / 1024 ** 3).toFixed(1)} GiB free at ${home}`
  if (free > FEW_BYTES_FREE) return { name: 'disk', state: 'good', found }
  return { name: 'disk', state: 'poor', found, fix: 'sagebrush gc, or another home on a larger disk (SAGEBRUSH_HOME)' }
}

async function port({ home, host, port: number }: Config): Promise<Finding> {
  const running = runningServer(home)
  if (running) return { name: 'server', state: 'good', found: `runs at ${running.url} (process ${running.pid})` }
  if (number !== 0 && (await answers(host, number))) {
    const fix = 'Choose another one: SAGEBRUSH_PORT'
    return { name: 'port', state: 'bad', found: `${number} of ${host} is taken by another program`, fix }
  }
  return { name: 'port', state: 'good', found: `${number} of ${host} is free` }
}

function answers(host: string, number: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createConnection({ host, port: number })
    socket.once('connect', () => {
      socket.destroy()
      resolve(true)
    })
    socket.once('error', () => resolve(false))
  })
}
