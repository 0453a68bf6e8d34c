import { everyWhile } from './told-while.ts'

/** What an engine takes longer for is told. */
const SLOW_MS = 5_000

/**
 * Says for how long the engine has been waited for, where that is long, and takes it back once it is over: an engine that
 * removes a volume of millions of files makes no other.
 */
export async function heldByEngine<T>(
  held: (message: string | undefined) => void,
  work: Promise<T>,
  slowMs = SLOW_MS,
): Promise<T> {
  let said = false
  const say = (seconds: number) => {
    said = true
    held(`The container engine is busy with something else: it has been waited for ${seconds} s`)
  }
  try {
    return await everyWhile(say, () => work, slowMs)
  } finally {
    if (said) held(undefined)
  }
}
