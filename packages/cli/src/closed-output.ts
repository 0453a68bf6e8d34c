/**
 * Calls `act` where the reader of our output is gone, as in `| head -3`; it may do so for every line that is still
 * written. The last one who asks is called.
 */
export function onClosedOutput(act: () => void): void {
  for (const stream of [process.stdout, process.stderr]) {
    stream.removeAllListeners('error')
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE') throw error
      act()
    })
  }
}
