import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { globSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { processesOfTasks } from './processes.ts'

/** What of an engine the runs must know, beyond what every engine has in common. */
export interface EngineUnderTest {
  /** What the machine still has of a home's tasks once all are removed, in words. */
  leftBehind(home: string): Promise<readonly string[]>
  /**
   * Kills what stands between the server and the task with this token, and so the task too. Resolves to what the
   * job's FailureReason must then say.
   */
  killSupervisor(home: string, token: string): Promise<RegExp>
}

export const engineNames = ['process', 'docker'] as const

export const engines: Readonly<Record<(typeof engineNames)[number], EngineUnderTest>> = {
  process: {
    // Beside the processes, mounts and folders of tasks, which are looked for with every engine.
    leftBehind: async (home) => [
      ...globSync('tasks/.{new,gone}-*', { cwd: home }).map((name) => `half a task: ${name}`),
      ...globSync('tasks/.hints/*', { cwd: home }).map((name) => `file ${name}`),
    ],
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
      ...ofHome(home, 'container', ['ps', '--all', '--quiet']),
      ...ofHome(home, 'network', ['network', 'ls', '--quiet']),
      ...ofHome(home, 'volume', ['volume', 'ls', '--quiet']),
    ],
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

function ofHome(home: string, kind: string, list: readonly string[]): string[] {
  return listed(home, list).map((id) => `${kind} ${id}`)
}

/** What Docker has with the label of the home: the engine's mark, which outlives every server. */
function listed(home: string, list: readonly string[]): string[] {
  const mark = createHash('sha256').update(join(home, 'containers')).digest('hex').slice(0, 12)
  const found = execFileSync('docker', [...list, '--filter', `label=sagebrush.home=${mark}`], { encoding: 'utf8' })
  return found.split('\n').filter(Boolean)
}
