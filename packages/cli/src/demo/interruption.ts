import { constants } from 'node:os'
import { onClosedOutput } from '../closed-output.ts'

/** npm and a launcher may pass on the ^C that the terminal has sent to all of them: that is still one. */
const SAME_PRESS_MS = 500

export interface Interruption {
  /** Aborted by the first signal. */
  readonly signal: AbortSignal
  /** Rejects with the first signal. */
  readonly came: Promise<never>
  /** As a shell tells it: 128 and the signal's number. Undefined where none came. */
  readonly exitCode: () => number | undefined
}

/**
 * The first ^C (or SIGTERM, or the terminal's end, or the end of whoever read the output) lets the program clean up; the
 * next signal ends it where it is.
 */
export function listenForInterruption(onFirst: (name: string) => void): Interruption {
  const controller = new AbortController()
  let first: { readonly code: number; readonly at: number } | undefined
  let giveUp: (error: Error) => void
  const came = new Promise<never>((_, reject) => {
    giveUp = reject
  })
  // It may come while nobody waits for it.
  came.catch(() => undefined)
  const interrupt = (name: string, code: number) => {
    first = { code, at: Date.now() }
    onFirst(name)
    controller.abort()
    giveUp(new Error('interrupted'))
  }
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    const code = 128 + constants.signals[name]
    process.on(name, () => {
      if (!first) interrupt(name === 'SIGINT' ? 'interrupted' : name, code)
      else if (Date.now() - first.at > SAME_PRESS_MS) process.exit(code)
    })
  }
  // Each line that is still said meets it again.
  onClosedOutput(() => {
    if (!first) interrupt('nobody reads this any more', 128 + constants.signals.SIGPIPE)
  })
  return { signal: controller.signal, came, exitCode: () => first?.code }
}
