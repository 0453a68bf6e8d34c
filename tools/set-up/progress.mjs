/** See progress.d.mts. */
export function progress(text) {
  const started = performance.now()
  const seconds = () => Math.round((performance.now() - started) / 1000)
  const terminal = process.stderr.isTTY
  if (terminal) process.stderr.write(`${text} …`)
  else console.error(`${text} …`)
  const timer = setInterval(
    () => (terminal ? process.stderr.write(`\r${text} … ${seconds()} s`) : console.error(`  … ${seconds()} s`)),
    terminal ? 1_000 : 15_000,
  )
  return {
    end() {
      clearInterval(timer)
      if (terminal) process.stderr.write(`\r${text}: ${seconds()} s\n`)
      else console.error(`  … took ${seconds()} s`)
    },
  }
}
