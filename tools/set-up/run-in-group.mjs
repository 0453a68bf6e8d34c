import { spawn } from 'node:child_process'
import { setTimeout as delay } from 'node:timers/promises'

const signals = ['SIGINT', 'SIGTERM', 'SIGHUP']
// npm ends some ten seconds after it is asked to, and what it leaves the next npm ci removes anyway.
const patienceMs = 3_000

/** Somebody ended the set-up by a signal, and everything that it had started has ended. */
export class Interrupted extends Error {
  constructor(signal) {
    super(`interrupted by ${signal}`)
    this.signal = signal
  }
}

/**
 * Runs a program in a process group of its own, and ends the whole group when this process is asked to end: npm starts
 * others, and whoever takes the lock next must not meet them. Resolves with its status and its output, which is kept
 * and only shown on failure: npm's own progress does not survive being nested. Throws `Interrupted` once all are gone.
 */
export async function runInGroup(command, args, cwd) {
  let asked
  const child = spawn(command, args, { cwd, stdio: ['ignore', 'pipe', 'pipe'], detached: true })
  const listeners = []
  const interrupted = new Promise((resolve) => {
    for (const signal of signals) {
      const listener = () => {
        // A terminal, npm and a shell may all pass on the same ^C.
        if (!asked) signalGroup(child.pid, signal)
        asked ??= signal
        resolve()
      }
      listeners.push([signal, listener])
      process.on(signal, listener)
    }
  })
  try {
    const done = await Promise.race([outcome(child, command), interrupted])
    if (!asked) return done
    await groupEnd(child.pid)
    throw new Interrupted(asked)
  } finally {
    for (const [signal, listener] of listeners) process.removeListener(signal, listener)
  }
}

function outcome(child, command) {
  return new Promise((resolve) => {
    let output = ''
    for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text) => (output += text))
    child.on('error', (error) => resolve({ status: 127, output: `${command}: ${error.message}` }))
    child.on('close', (code, signal) =>
      resolve({ status: signal ? 1 : code, output: signal ? `${output}${signal}` : output }),
    )
  })
}

/** Until none of the group is left; those that do not listen are killed. */
async function groupEnd(pid) {
  const until = async (ms) => {
    const started = performance.now()
    while (signalGroup(pid, 0) && performance.now() - started < ms) await delay(20)
  }
  await until(patienceMs)
  // The second wait has an end too: where process 1 reaps nothing, as in some containers, the dead stay listed.
  if (signalGroup(pid, 'SIGKILL')) await until(1_000)
}

/** False where the group has nobody any more. */
function signalGroup(pid, signal) {
  if (pid === undefined) return false
  try {
    process.kill(-pid, signal)
    return true
  } catch (error) {
    if (error.code === 'ESRCH') return false
    throw error
  }
}
