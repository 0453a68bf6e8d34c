import { readFile } from 'node:fs/promises'
import { allLines, until } from '@sagebrush/engine-kit'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openBench } from './testing.ts'

let bench: Awaited<ReturnType<typeof openBench>>
beforeAll(async () => {
  bench = await openBench()
})
afterAll(async () => await bench.close())

const python = (code: string) => `python3 - <<'EOF'\nimport os, sys, time\nout = sys.stdout.buffer\n${code}\nEOF`

describe('lines', () => {
  test('keep empty ones and lose carriage returns at their ends only', async () => {
    const { lines } = await bench.run(`printf 'a\\r\\n\\n\\nb\\rc\\n  d  \\n'`)
    expect(lines).toEqual(['a', '', '', 'b\rc', '  d  '])
  })

  test('are valid UTF-8, whatever is printed and however it is cut', async () => {
    const { lines } = await bench.run(
      python(`
out.write(b'bad \\xff\\xfe end\\n'); out.flush()
for byte in 'grün €\\n'.encode():
    out.write(bytes([byte])); out.flush(); time.sleep(0.05)
out.write('half €'.encode()[:-1])`),
    )
    expect(lines).toEqual(['bad \ufffd\ufffd end', 'grün €', 'half \ufffd'])
  })

  test('of more than 256 KiB are cut, and nothing of them is lost', async () => {
    const { lines } = await bench.run(
      python(`out.write(b'x' * 600_000 + b'\\n' + '€'.encode() * 200_000 + b'\\nend\\n')`),
    )
    expect(lines.at(-1)).toBe('end')
    expect(lines.every((line) => Buffer.byteLength(line) <= 262_144)).toBe(true)
    const [xs, euros] = ['x', '€'].map((c) => lines.filter((line) => line.startsWith(c)).join(''))
    expect([xs?.length, euros?.length]).toEqual([600_000, 200_000])
    expect(euros).not.toContain('\ufffd')
  })

  test('that have no end yet come after 0.2 s, and their ends make no line of their own', async () => {
    const id = await bench.start('printf progress; read -t 60 < <(sleep 60); ')
    const seen = await until('the partial line', async () => {
      const lines = await bench.lines(id)
      return lines.includes('progress') ? lines : undefined
    })
    expect(seen).toEqual(['progress'])
    await bench.engine.remove(id)
    const { lines } = await bench.run(`printf one; sleep 0.5; printf '\\ntwo'; sleep 0.5; printf ' more\\nthree\\n'`)
    expect(lines).toEqual(['one', 'two', ' more', 'three'])
  })

  test('are read from both streams in their order', async () => {
    const { lines } = await bench.run('for i in 1 2 3; do echo out $i; echo err $i >&2; done')
    expect(lines).toEqual(['out 1', 'err 1', 'out 2', 'err 2', 'out 3', 'err 3'])
  })
})

test('100 MB are taken quickly, whole and in bounded memory', { timeout: 120_000 }, async () => {
  const count = 1_000_000
  const began = performance.now()
  const id = await bench.start(`seq -f 'line %.0f ${'.'.repeat(90)}' 1 ${count}; sleep 60`)
  let cursor: string | undefined
  let seen = 0
  await until(
    'the last line',
    async () => {
      const more = await allLines(bench.engine, id, cursor)
      cursor = more.cursor
      for (const { message } of more.lines) {
        if (message.startsWith('line ') && !message.startsWith(`line ${++seen} `))
          throw new Error(`not ${seen}: ${message}`)
      }
      return seen === count ? true : undefined
    },
    60_000,
  )
  const [pid] = (await readFile(`${bench.harness.options.root}/${id}/lock`, 'utf8')).split(' ')
  const peak = /VmHWM:\s+(\d+) kB/.exec(await readFile(`/proc/${pid}/status`, 'utf8'))?.[1]
  console.info(`log: 100 MB in ${((performance.now() - began) / 1000).toFixed(1)} s, peak ${Number(peak) / 1024} MiB`)
  expect(Number(peak)).toBeLessThan(80 * 1024)
})
