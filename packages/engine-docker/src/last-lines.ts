import type { EngineApi } from './engine-api.ts'
import { LogFrames, type PlacedLine } from './log-frames.ts'

const MOST_LINES = 20
const MOST_CHARACTERS = 2_000

/**
 * The last lines that a container printed: at most 20, and 2,000 characters. `cuts`: the engine takes only the end of a
 * line that was written in pieces for one of its last ones, as Podman does; so they are read once more, from the time of
 * the first of them.
 */
export async function lastLines(api: EngineApi, container: string, cuts: boolean): Promise<readonly string[]> {
  const query = { stdout: true, stderr: true, timestamps: true }
  const path = `/containers/${container}/logs`
  let lines = await read(api, path, { ...query, tail: MOST_LINES })
  if (cuts && lines.length > 0) {
    // Fewer are the whole log.
    const [first] = lines.length < MOST_LINES ? [] : lines
    lines = await read(api, path, first ? { ...query, since: first.timestamp.getTime() / 1000 } : query)
  }
  const kept: string[] = []
  let characters = 0
  for (const { message } of lines.reverse().slice(0, MOST_LINES)) {
    characters += message.length + 1
    if (characters > MOST_CHARACTERS && kept.length > 0) break
    kept.unshift(message.slice(0, MOST_CHARACTERS))
  }
  return kept
}

async function read(api: EngineApi, path: string, query: Readonly<Record<string, string | number | boolean>>) {
  const response = await api.stream('GET', path, { query })
  const frames = new LogFrames()
  const lines: PlacedLine[] = []
  for await (const chunk of response) lines.push(...frames.take(chunk))
  lines.push(...frames.end())
  return lines
}
