import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import type { ChildOpen } from './place.ts'

export type CrashWork = 'store' | 'blobs' | 'logs'

/** Lets a child write until it has acknowledged so many, kills it with SIGKILL, and gives what it acknowledged. */
export async function writeAndCrash(work: CrashWork, open: ChildOpen, wanted: number): Promise<string[]> {
  const extension = import.meta.url.slice(import.meta.url.lastIndexOf('.'))
  const file = fileURLToPath(new URL(`./crash-child${extension}`, import.meta.url))
  const child = spawn(process.execPath, [file, work, JSON.stringify(open)], { stdio: ['ignore', 'pipe', 'pipe'] })
  const exited = once(child, 'exit')
  let errors = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    errors += text
  })
  const acknowledged: string[] = []
  for await (const line of createInterface({ input: child.stdout })) {
    acknowledged.push(line)
    if (acknowledged.length === wanted) child.kill('SIGKILL')
  }
  const [, signal] = await exited
  if (signal !== 'SIGKILL') throw new Error(`The child ended by itself: ${errors}`)
  return acknowledged
}
