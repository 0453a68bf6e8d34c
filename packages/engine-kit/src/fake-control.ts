import type { Engine, TaskAddress, TaskExit, TaskSpec } from '@sagebrush/core'
import type { FakeMachine } from './fake-machine.ts'

/** How a task that is told to finish has ended; `outputs`: archive name → files in it, by name. */
export interface FakeEnd extends Partial<TaskExit> {
  readonly failure?: string
  readonly outputs?: Readonly<Record<string, Readonly<Record<string, string>>>>
  readonly outputError?: string
}

/** An engine in memory whose tasks do what a test tells them, when it tells them. */
export interface FakeEngine extends Engine {
  readonly machine: FakeMachine
  /** As it was started, or undefined. */
  spec(id: string): TaskSpec | undefined
  /** The shortest grace that a stop asked for, or undefined: the test then ends the task, as it likes. */
  stopRequested(id: string): number | undefined
  prepare(id: string, message: string): void
  stage(id: string): void
  run(id: string, address?: TaskAddress): void
  /** The task prints a line. */
  log(id: string, line: string): void
  collect(id: string): void
  /** The task ends, from whatever phase it is in; without a code or signal, with code 0. */
  finish(id: string, end?: FakeEnd): Promise<void>
  /** The task's command never ran. */
  fail(id: string, message: string, fault?: 'user' | 'platform'): void
}
