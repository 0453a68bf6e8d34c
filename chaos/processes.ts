import { readdirSync, readFileSync } from 'node:fs'

/** A process of this machine: its id and when it began (in ticks), since ids are given anew. */
export interface Process {
  readonly pid: number
  readonly began: number
}

/** The processes whose arguments hold a token, by token: the scripts of jobs. */
export function scriptsOf(pattern: RegExp): Map<string, Process[]> {
  return processesBy(pattern, (pid) => [readFileSync(`/proc/${pid}/cmdline`, 'latin1')])
}

/** The processes whose variables hold a token, by token, the eldest first: all of a task's. */
export function processesOfTasks(pattern: RegExp): Map<string, Process[]> {
  return processesBy(pattern, (pid) => [readFileSync(`/proc/${pid}/environ`, 'latin1')])
}

function processesBy(pattern: RegExp, textsOf: (pid: number) => readonly string[]): Map<string, Process[]> {
  const found = new Map<string, Process[]>()
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name) || Number(name) === process.pid) continue
    try {
      const pid = Number(name)
      for (const text of textsOf(pid)) {
        const token = pattern.exec(text)?.[0]
        if (token === undefined) continue
        found.set(token, [...(found.get(token) ?? []), { pid, began: beganAt(pid) }])
      }
    } catch {
      // it has just ended
    }
  }
  for (const list of found.values()) list.sort((a, b) => a.began - b.began || a.pid - b.pid)
  return found
}

function beganAt(pid: number): number {
  const text = readFileSync(`/proc/${pid}/stat`, 'latin1')
  return Number(text.slice(text.lastIndexOf(')') + 2).split(' ')[19])
}
