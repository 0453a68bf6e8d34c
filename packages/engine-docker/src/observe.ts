import { constants } from 'node:os'
import type { TaskSpec, TaskState } from '@sagebrush/core'
import type { Container } from './container.ts'
import { ENGINE_STOP_SIGNAL } from './create-container.ts'

/** Exit codes by which a shell, and a container engine, tell of a signal. */
const SIGNALS = new Map(Object.entries(constants.signals).map(([name, number]) => [128 + number, name]))
/** Told as signals: those that end programs. A program that exits with such a code by itself is told the same. */
const ENDING = new Set([
  'SIGKILL',
  'SIGTERM',
  'SIGSEGV',
  'SIGABRT',
  'SIGBUS',
  'SIGFPE',
  'SIGILL',
  'SIGINT',
  'SIGHUP',
  ENGINE_STOP_SIGNAL,
])

/** How the container's command ended. */
export function exitOf(container: Container): { readonly code?: number; readonly signal?: string } {
  const signal = SIGNALS.get(container.exitCode)
  return signal && ENDING.has(signal) ? { signal } : { code: container.exitCode }
}

/** The state of a container that runs. */
export function runningState(container: Container, spec: TaskSpec): TaskState {
  const state = { phase: 'running', started: container.started } as const
  if (!spec.serves) return state
  const port = Number(spec.environment.SAGEMAKER_BIND_TO_PORT ?? 8080)
  if (container.published) return { ...state, address: { host: '127.0.0.1', port: container.published } }
  return container.address === undefined ? state : { ...state, address: { host: container.address, port } }
}
