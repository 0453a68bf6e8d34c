import { constants } from 'node:os'

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

/** The first ^C (or SIGTERM, or the terminal's end) lets the program clean up; the next one ends it where it is. */
export function listenForInterruption(onFirst: (name: string) => void): Interruption {
  const controller = new AbortController()
  let first: { readonly code: number; readonly at: number } | undefined
  const came = new Promise<never>((_, reject) => {
    for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
      process.on(name, () => {
        const code = 128 + constants.signals[name]
        if (first) {
          if (Date.now() - first.at > SAME_PRESS_MS) process.exit(code)
          return
        }
        first = { code, at: Date.now() }
        onFirst(name === 'SIGINT' ? 'interrupted' : name)
        controller.abort()
        reject(new Error('interrupted'))
      })
    }
  })
  // It may come while nobody waits for it.
  came.catch(() => undefined)
  return { signal: controller.signal, came, exitCode: () => first?.code }
}
