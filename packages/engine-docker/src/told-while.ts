/** Says every few seconds for how long something has been going on, until it is over. */
export async function toldWhile<T>(
  message: string,
  onProgress: (message: string) => void,
  work: () => Promise<T>,
  everyMs = 3_000,
): Promise<T> {
  onProgress(message)
  return await everyWhile((seconds) => onProgress(`${message} (${seconds} s)`), work, everyMs)
}

/** Calls `tell` with the seconds that have gone by, again and again, until the work is over. */
export async function everyWhile<T>(
  tell: (seconds: number) => void,
  work: () => Promise<T>,
  everyMs: number,
): Promise<T> {
  const began = Date.now()
  const timer = setInterval(() => tell(Math.round((Date.now() - began) / 1000)), everyMs)
  try {
    return await work()
  } finally {
    clearInterval(timer)
  }
}
