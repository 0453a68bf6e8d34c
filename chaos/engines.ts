import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { globSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { processesOfTasks } from './processes.ts'

/** What of an engine the runs must know, beyond what every engine has in common. */
export interface EngineUnderTest {
  /** What the machine still has of a home's tasks once all are removed, in words. */
  leftBehind(home: string): Promise<readonly string[]>
  /** Removes what a run that broke off has left with the engine, its processes killed. */
  removeLeftBehind(home: string): void
  /**
   * Kills what stands between the server and the task with this token, and so the task too. Resolves to what the
   * job's FailureReason must then say.
   */
  killSupervisor(home: string, token: string): Promise<RegExp>
}

/** How Docker lists what a home may have there; containers first, which hold the others. */
const kinds = {
  container: ['container', 'ls', '--all', '--quiet'],
  network: ['network', 'ls', '--quiet'],
  volume: ['volume', 'ls', '--quiet'],
} as const

export const engineNames = ['process', 'docker'] as const

export const engines: Readonly<Record<(typeof engineNames)[number], EngineUnderTest>> = {
  process: {
    // Beside the processes, mounts and folders of tasks, which are looked for with every engine.
    leftBehind: async (home) => [
      ...globSync('tasks/.{new,gone}-*', { cwd: home }).map((name) => `half a task: ${name}`),
      ...globSync('tasks/.hints/*', { cwd: home }).map((name) => `file ${name}`),
    ],
    removeLeftBehind: () => {}, // all of it lies in the home
    killSupervisor: async (home, token) => {
      const folder = taskFolders(home).find((name) =>
        readFileSync(join(home, 'tasks', name, 'spec.json'), 'utf8').includes(token),
      )
      if (!folder) throw new Error(`no task of ${home} has ${token}`)
      const [pid] = readFileSync(join(home, 'tasks', folder, 'lock'), 'utf8')
        .split(' ')
        .map(Number)
      process.kill(pid ?? 0, 'SIGKILL')
      return /^InternalServerError: The supervisor of the task was killed, and the task with it/
    },
  },
  docker: {
    leftBehind: async (home) => [
      ...globSync('containers/.{new,probe}-*', { cwd: home }).map((name) => `half a task: ${name}`),
      ...Object.entries(kinds).flatMap(([kind, list]) => listed(home, list).map((id) => `${kind} ${id}`)),
    ],
    removeLeftBehind: (home) => {
      for (const [kind, list] of Object.entries(kinds)) {
        const ids = listed(home, list)
        if (ids.length > 0) execFileSync('docker', [kind, 'rm', '--force', ...ids], { stdio: 'ignore' })
      }
    },
    killSupervisor: async (_home, token) => {
      const [first] = processesOfTasks(new RegExp(token)).get(token) ?? []
      if (!first) throw new Error(`no process has ${token}`)
      process.kill(first.pid, 'SIGKILL')
      return /exit code: 137/
    },
  },
}

function taskFolders(home: string): readonly string[] {
  return readdirSync(join(home, 'tasks')).filter((name) => !name.startsWith('.'))
}

/** One word of each container of the home, in Docker's form (`{{.ID}}`). */
export function containersOf(home: string, format: string): readonly string[] {
  return listed(home, ['ps', '--all', '--no-trunc', '--format', format])
}

/** What Docker has with the label of the home: the engine's mark, which outlives every server. */
function listed(home: string, list: readonly string[]): string[] {
  const mark = createHash('sha256').update(join(home, 'containers')).digest('hex').slice(0, 12)
  const found = execFileSync('docker', [...list, '--filter', `label=sagebrush.home=${mark}`], { encoding: 'utf8' })
  return found.split('\n').filter(Boolean)
}
