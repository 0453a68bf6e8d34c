import { until } from '@sagebrush/engine-kit'
import { skipsFor } from '@sagebrush/testing'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Bench, openBench } from './testing-bench.ts'

describe.skipIf(skipsFor('docker'))('the log of a container', () => {
  let bench: Bench
  beforeAll(async () => {
    bench = await openBench()
  })
  afterAll(async () => await bench.close())

  const python = async (script: string) => await bench.start(`exec python3 -u - <<'EOF'\n${script}\nEOF`)

  test('has long lines whole, bytes that are no text, progress bars, and a last line without an end', async () => {
    const id = await python(`
import os
os.write(1, b'x' * 100_000 + b'y\\n')
os.write(1, b'z' * 300_000 + b'\\n')
os.write(1, b'\\xff\\xfe\\x00\\x07 bytes\\n\\n  \\n')
os.write(2, b''.join(b'\\r%3d%%' % i for i in range(0, 101, 50)) + b'\\n')
os.write(1, b'windows\\r\\n')
os.write(1, 'é€😀'.encode() * 1000 + b'\\n')
os.write(1, '😀'.encode() * 16_000 + b'\\n')
os.write(1, b'last')`)
    const { lines } = await bench.end(id)
    // Each stream keeps its own order.
    const bar = '\r  0%\r 50%\r100%'
    expect(lines).toContain(bar)
    const printed = lines.filter((line) => line !== bar)
    expect(printed[6]).toBe('é€😀'.repeat(1000))
    expect(printed[7]).toBe('😀'.repeat(16_000))
    expect(printed.map((line) => (line.length > 100 ? `${line.length} ${line.at(-1)}` : line))).toEqual([
      '100001 y',
      `${256 * 1024} z`, // more is cut
      '\ufffd\ufffd\u0000\u0007 bytes',
      '',
      '  ',
      'windows',
      `${'é€😀'.length * 1000} ${'😀'.at(-1)}`,
      // Characters that end where the engine's parts of 16 KiB do: Docker itself breaks others.
      `${'😀'.length * 16_000} ${'😀'.at(-1)}`,
      'last',
    ])
  })

  test('has 100,000 lines of two streams once each, in each stream’s order, whoever reads them', async () => {
    const count = 100_000
    const id = await python(`
import os, threading
def write(fd):
    for start in range(0, ${count / 2}, 10):
        os.write(fd, b''.join(b'%d:%d\\n' % (fd, i) for i in range(start, start + 10)))
both = [threading.Thread(target=write, args=(fd,)) for fd in (1, 2)]
for each in both: each.start()
for each in both: each.join()`)
    const began = Date.now()
    const lines: string[] = []
    let cursor: string | undefined
    let reopened = 0
    await until(
      'all lines',
      async () => {
        const more = await bench.engine.logs(id, cursor)
        cursor = more.cursor
        lines.push(...more.lines.map(({ message }) => message))
        if (lines.length > (reopened + 1) * 25_000) {
          reopened++
          await bench.reopen()
        }
        const { phase } = await bench.engine.observe(id)
        return more.lines.length === 0 && phase === 'ended' ? true : undefined
      },
      60_000,
    )
    console.info(`${lines.length} lines in ${Date.now() - began} ms, opened anew ${reopened} times`)
    expect(reopened).toBeGreaterThanOrEqual(2)
    for (const stream of ['1', '2']) {
      const numbers = lines.filter((line) => line.startsWith(`${stream}:`)).map((line) => Number(line.slice(2)))
      expect(numbers.length).toBe(count / 2)
      expect(numbers.every((number, index) => number === index)).toBe(true)
    }
  })

  test('stays with the engine while nobody takes it, empty lines too', async () => {
    const id = await python(`
import os
for _ in range(200): os.write(1, b'\\n' * 1000)
print('done')`)
    await until('the end', async () => ((await bench.engine.observe(id)).phase === 'ended' ? true : undefined), 60_000)
    global.gc?.()
    const before = process.memoryUsage()
    expect(before.heapUsed + before.external).toBeLessThan(300 * 1024 * 1024)
    let count = 0
    let last = ''
    let most = 0
    for (let cursor: string | undefined; ; ) {
      const more = await bench.engine.logs(id, cursor)
      if (more.lines.length === 0) break
      count += more.lines.length
      most = Math.max(most, more.lines.length)
      last = more.lines.at(-1)?.message ?? ''
      cursor = more.cursor
    }
    expect(count).toBe(200_001)
    expect(last).toBe('done')
    expect(most).toBeLessThan(20_000)
  })
})
