import { setTimeout as delay } from 'node:timers/promises'

/** Asks until there is an answer; fails at the deadline with what was waited for. */
export async function until<T>(
  what: string,
  limitSeconds: number,
  ask: () => Promise<T | undefined> | T | undefined,
  everyMs = 20,
): Promise<T> {
  const deadline = performance.now() + limitSeconds * 1000
  for (;;) {
    const found = await ask()
    if (found !== undefined) return found
    if (performance.now() > deadline) throw new Error(`${what}: not within ${limitSeconds} s`)
    await delay(everyMs)
  }
}
