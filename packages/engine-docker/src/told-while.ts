/** Says every few seconds for how long something has been going on, until it is over. */
export async function toldWhile<T>(
  message: string,
  onProgress: (message: string) => void,
  work: () => Promise<T>,
  everyMs = 3_000,
): Promise<T> {
  const started = Date.now()
  onProgress(message)
  const timer = setInterval(() => onProgress(`${message} (${Math.round((Date.now() - started) / 1000)} s)`), everyMs)
  try {
    return await work()
  } finally {
    clearInterval(timer)
  }
}
