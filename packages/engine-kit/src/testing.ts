import { randomBytes } from 'node:crypto'
import type { Engine, TaskImage, TaskLogLine, TaskSpec, TaskState } from '@sagebrush/core'

const DEADLINE_MS = 20_000

/** Asks until the answer is not undefined. Throws after `deadlineMs`, naming `what`. */
export async function until<T>(
  what: string,
  ask: () => Promise<T | undefined>,
  deadlineMs: number = DEADLINE_MS,
): Promise<T> {
  const deadline = Date.now() + deadlineMs
  for (;;) {
    const answer = await ask()
    if (answer !== undefined) return answer
    if (Date.now() > deadline) throw new Error(`not within ${deadlineMs} ms: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}

/** Waits for a task's last state. */
export async function finalState(
  engine: Engine,
  id: string,
  deadlineMs: number = DEADLINE_MS,
): Promise<Extract<TaskState, { phase: 'ended' | 'failed' }>> {
  const ask = async () => {
    const state = await engine.observe(id)
    if (state.phase === 'absent') throw new Error(`${id} is gone`)
    return state.phase === 'ended' || state.phase === 'failed' ? state : undefined
  }
  return await until(`the end of ${id}`, ask, deadlineMs)
}

/** All lines that are there, from `cursor` on. */
export async function allLines(
  engine: Engine,
  id: string,
  cursor?: string,
): Promise<{ readonly lines: readonly TaskLogLine[]; readonly cursor: string }> {
  const lines: TaskLogLine[] = []
  for (;;) {
    const more = await engine.logs(id, cursor)
    cursor = more.cursor
    if (more.lines.length === 0) return { lines, cursor }
    lines.push(...more.lines)
  }
}

/** A specification with everything that a test does not speak of. */
export function testSpec(image: TaskImage, command: readonly string[], more: Partial<TaskSpec> = {}): TaskSpec {
  return {
    id: `test-${randomBytes(6).toString('hex')}`,
    scope: { account: '123456789012', region: 'us-east-1' },
    labels: {},
    image,
    command,
    environment: {},
    serverEnvironment: {},
    files: [],
    inputs: [],
    outputs: [],
    host: 'algo-1',
    hosts: ['algo-1'],
    group: 'test',
    serves: false,
    ...more,
  }
}
