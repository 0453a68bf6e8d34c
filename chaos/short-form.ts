import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { Report } from './scenario.ts'

const main = fileURLToPath(new URL('main.ts', import.meta.url))

/** The short form of `npm run chaos`; it leaves nothing behind, or says so. */
export function chaos(
  ...args: readonly string[]
): Promise<{ readonly status: number; readonly said: string; readonly reports: readonly Report[] }> {
  return new Promise((resolve) => {
    const child = execFile(process.execPath, [main, ...args, '--short', '--json'], (_error, stdout, stderr) => {
      const reports = stdout.split('\n').filter((line) => line.startsWith('{'))
      resolve({ status: child.exitCode ?? 128, said: stderr, reports: reports.map((line) => JSON.parse(line)) })
    })
  })
}
