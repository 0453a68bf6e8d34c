/** What an engine takes longer for is told. */
const SLOW_MS = 5_000

/** Says for how long the engine has been waited for: one that removes a volume of millions of files makes no other. */
export async function heldByEngine<T>(held: (message: string) => void, work: Promise<T>, slowMs = SLOW_MS): Promise<T> {
  const began = Date.now()
  const say = () => {
    const seconds = Math.round((Date.now() - began) / 1000)
    held(`The container engine is busy with something else: it has been waited for ${seconds} s`)
  }
  const timer = setInterval(say, slowMs)
  try {
    return await work
  } finally {
    clearInterval(timer)
  }
}
