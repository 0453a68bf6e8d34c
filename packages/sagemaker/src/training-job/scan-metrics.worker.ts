import { parentPort } from 'node:worker_threads'

/** As in the API: the value is the expression's first group, or the whole match where it has none. */
export interface Definition {
  readonly Name: string
  readonly Regex: string
}

/** Lines in the order of the log. */
export interface Scan {
  readonly definitions: readonly Definition[]
  readonly lines: readonly string[]
}

export interface Found {
  readonly name: string
  readonly value: number
  /** Index of the line. */
  readonly line: number
}

/** Of one line: metrics stand near its beginning, and long lines make slow expressions slower. */
const LINE_CHARACTERS = 4_096

/** An expression that this language does not read finds nothing; so does a group that holds no number. */
function compile({ Name, Regex }: Definition): { name: string; expression: RegExp } | undefined {
  try {
    return { name: Name, expression: new RegExp(Regex, 'g') }
  } catch {
    return undefined
  }
}

function lastIn(line: string, expression: RegExp): number | undefined {
  let value: number | undefined
  for (const match of line.slice(0, LINE_CHARACTERS).matchAll(expression)) {
    const text = (match[1] ?? match[0]).trim()
    if (text !== '' && Number.isFinite(Number(text))) value = Number(text)
  }
  return value
}

parentPort?.on('message', ({ definitions, lines }: Scan) => {
  for (const definition of definitions) {
    const compiled = compile(definition)
    for (let line = lines.length - 1; compiled && line >= 0; line--) {
      const value = lastIn(lines[line] ?? '', compiled.expression)
      if (value === undefined) continue
      parentPort?.postMessage({ name: compiled.name, value, line } satisfies Found)
      break
    }
  }
  parentPort?.postMessage('done')
})
