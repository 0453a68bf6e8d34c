import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { CollectedOutput, TaskOutput, TaskSpec } from '@sagebrush/core'
import { readStop } from '@sagebrush/task-folder'
import type { ArchiveWorker } from './archive/archive-worker.ts'
import { readStart } from './archive/collect.ts'
import { commandProblem, isInitWords } from './command-problem.ts'
import type { Container } from './container.ts'
import { DEFAULT_PROCESSES, ENGINE_STOP_SIGNAL } from './create-container.ts'
import type { EngineApi } from './engine-api.ts'
import { otherPlatform } from './images.ts'
import { lastLines } from './last-lines.ts'
import type { Machine } from './machine.ts'
import { exitOf } from './observe.ts'
import { type DockerEngineOptions, dockerFiles } from './options.ts'
import { STATE_FORMAT, type StateFile } from './state-file.ts'

const INTERRUPTED =
  'The container engine ended the container before its work was done: it was stopped or restarted, or somebody ran ' +
  '"docker stop". Containers outlive a restart of the engine with "live-restore": true in its daemon.json, and a ' +
  'training job with a RetryStrategy is started again.'
const FAILURE = '/opt/ml/output/failure'
const FAILURE_CHARACTERS = 1_024

/** Of Docker, for a container of whose end it does not know. */
const UNKNOWN_CODE = 255
const UNSEEN =
  'The container ended while the container engine was away, which does not know how: it may have done its work or not. ' +
  'A training job with a RetryStrategy is started again.'

/** What programs say that may start no more processes or threads: the shell, Python, Java. */
function isOutOfProcesses(line: string): boolean {
  return /(fork|clone|BlockingIOError).*Resource temporarily unavailable|can't start new thread|unable to create native thread/i.test(
    line,
  )
}

function processesHint({ processes = DEFAULT_PROCESSES }: Pick<DockerEngineOptions, 'processes'>): string {
  return `Sagebrush: a task has at most ${processes} processes and threads at a time (setting docker.processes).`
}

export interface FinishParts {
  /** True where the engine was being stopped, was away, or was just back at that moment. */
  readonly wasAway: (at: Date) => boolean
  readonly api: EngineApi
  readonly options: DockerEngineOptions
  readonly worker: ArchiveWorker
  readonly machine: () => Promise<Pick<Machine, 'podman'>>
}

/** The last state of a task whose container has ended, its outputs archived. May be repeated. */
export async function finishTask(parts: FinishParts, spec: TaskSpec, container: Container): Promise<StateFile> {
  const { api, options } = parts
  const since = Date.now()
  const { started, finished } = container
  const exit = exitOf(container)
  const [lines, failure, collected, stop] = await Promise.all([
    parts.machine().then(({ podman }) => lastLines(api, container.id, podman)),
    container.exitCode === 0 ? undefined : readStart(api, container.id, FAILURE, 4 * FAILURE_CHARACTERS),
    collectAll(parts, spec, container.id),
    readStop(options.root, spec.id),
  ])
  const stopped = stop !== undefined && stop.asked <= finished.getTime()
  const ended = Date.now()
  const last = lines.at(-1) ?? ''
  if (container.exitCode > 0 && isInitWords(last)) {
    const message = commandProblem(spec, last, await otherPlatform(api, container.image)) ?? last
    return { format: STATE_FORMAT, phase: 'failed', message, fault: 'user', ended }
  }
  // The second: a program that hears the first signal is killed when the engine has waited long enough.
  const ofEngine =
    !stopped &&
    (exit.signal === ENGINE_STOP_SIGNAL ||
      (exit.signal !== undefined && !container.outOfMemory && parts.wasAway(finished)))
  const unseen = !stopped && exit.code === UNKNOWN_CODE && parts.wasAway(finished)
  return {
    format: STATE_FORMAT,
    phase: 'ended',
    ...exit,
    outOfMemory: container.outOfMemory,
    stopped,
    ...(ofEngine && { interruption: INTERRUPTED }),
    ...(unseen && { interruption: UNSEEN }),
    ...(failure && failure.length > 0 && { failure: firstCharacters(failure) }),
    lastLines: container.exitCode !== 0 && lines.some(isOutOfProcesses) ? [...lines, processesHint(options)] : lines,
    outputs: collected.outputs,
    ...(collected.problem !== undefined && { outputError: collected.problem }),
    started: started.getTime(),
    since,
    ended,
  }
}

async function collectAll({ api, options, worker }: FinishParts, spec: TaskSpec, container: string) {
  const { out } = dockerFiles(options.root, spec.id)
  if (spec.outputs.length > 0) await mkdir(out, { recursive: true, mode: 0o700 })
  const problems: string[] = []
  const outputs: CollectedOutput[] = []
  const place = ({ archive }: CollectedOutput) => spec.outputs.findIndex((output) => output.archive === archive)
  const each = async ({ archive, path, always }: TaskOutput): Promise<void> => {
    const file = join(out, archive)
    const made = await worker.collect({ address: api.address, container, path, file })
    problems.push(...made.problems)
    if (made.members > 0 || always) outputs.push({ archive, file, sizeBytes: made.sizeBytes, md5: made.md5 })
  }
  const results = await Promise.allSettled(spec.outputs.map(each))
  for (const result of results) {
    if (result.status !== 'rejected') continue
    // A full disk: the job says so, with what could be kept.
    if (result.reason?.code !== 'ENOSPC') throw result.reason
    problems.push('the disk of the server is full')
  }
  outputs.sort((a, b) => place(a) - place(b))
  return { outputs, problem: problems.length > 0 ? problems.join('; ') : undefined }
}

function firstCharacters(bytes: Buffer): string {
  return [...bytes.toString('utf8')].slice(0, FAILURE_CHARACTERS).join('')
}
