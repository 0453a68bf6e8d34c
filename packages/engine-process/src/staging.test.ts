import { readFile, stat } from 'node:fs/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openBench } from './testing.ts'

let bench: Awaited<ReturnType<typeof openBench>>
beforeAll(async () => {
  bench = await openBench()
})
afterAll(async () => await bench.close())

const at = '/opt/ml/input/data/x'
let stored = 0

async function stage(names: readonly string[], script: string, content = 'bytes') {
  const uri = `s3://bucket/${stored++}/`
  const path = await bench.store(uri, names, content)
  const done = await bench.run(`cd ${at}\n${script}`, { inputs: bench.channel(uri) })
  return { ...done, path }
}

describe('names of objects', () => {
  test('become files and folders, whatever is in them', async () => {
    const names = ['a b', 'ü/ö', "quo'te", 'new\nline', 'x/y/z/deep', '-n', 'x/y/also', 'marker/', 'p'.repeat(255)]
    const { lines } = await stage(names, 'find . -type f | wc -l; test -d marker && cat ü/ö "p"*')
    expect(lines).toEqual([String(names.length), 'bytesbytes'].map((line, i) => (i === 0 ? '9' : line)))
  })

  test.each([
    ['../outside', '"../outside" has the part ".."'],
    ['/absolute', '"/absolute" has an empty part'],
    ['a//b', '"a//b" has an empty part'],
    ['a/./b', '"a/./b" has the part "."'],
    ['a/..', '"a/.." has the part ".."'],
    [`deep/${'n'.repeat(256)}`, 'has a part of 256 bytes'],
    [`deep/${'é'.repeat(128)}`, 'has a part of 256 bytes'],
  ])('%s is refused with the way out', async (name, words) => {
    const { state } = await stage(['good', name], 'true')
    expect(state).toMatchObject({ phase: 'failed', fault: 'user' })
    const message = state.phase === 'failed' ? state.message : ''
    expect(message).toContain(words)
    expect(message).toMatch(/^Channel "x": the object .*: copy it to (another|a shorter) key\.$/)
  })

  test.each([[['a', 'a/b']], [['a/b', 'a']], [['a/b/c', 'a/b']], [['a/', 'a/b', 'a']]])(
    'a file that is also a folder is refused: %j',
    async (names) => {
      const { state } = await stage(names, 'true')
      expect(state).toMatchObject({ phase: 'failed', fault: 'user' })
      expect(state.phase === 'failed' && state.message).toMatch(/Channel "x": the object "a.*rename one of them/)
    },
  )
})

describe('the view of a channel', () => {
  test('costs no bytes and takes every kind of change', async () => {
    const names = ['one', 'two', 'dir/three']
    const { lines, path, id } = await stage(
      names,
      'echo more >> one; rm two; mv dir moved; chmod 700 moved/three; truncate -s 0 moved/three; ls -R | tr "\\n" " "; cat one',
      'stored\n',
    )
    expect(lines).toEqual(['.: moved one  ./moved: three stored', 'more'])
    expect(await readFile(path, 'utf8')).toBe('stored\n')
    expect((await stat(path)).mode & 0o777).toBe(0o644)
    await bench.engine.remove(id)
    expect((await stat(path)).nlink).toBe(1)
  })

  test('holds more identical objects than a file has links', { timeout: 120_000 }, async () => {
    const names = Array.from({ length: 70_000 }, (_, i) => `part-${i % 100}/object-${i}`)
    const { lines, path } = await stage(
      names,
      'find . -type f | wc -l; cat part-7/object-69907 part-0/object-0; ls part-7 | wc -l',
    )
    expect(lines).toEqual(['70000', 'bytesbytes700'])
    expect((await stat(path)).nlink).toBeLessThanOrEqual(65_000)
  })

  test('is a copy where the folder is an output too', async () => {
    await bench.store('s3://bucket/in-and-out/', ['kept'], 'kept bytes')
    const { state } = await bench.run(`echo new > ${at}/new`, {
      inputs: bench.channel('s3://bucket/in-and-out/'),
      outputs: [{ archive: 'output.tar.gz', path: at, always: false }],
    })
    expect(state.phase === 'ended' && state.outputs).toHaveLength(1)
    expect(state.phase === 'ended' && state.outputs[0]?.sizeBytes).toBeGreaterThan(120)
  })

  test('is a folder, however empty', async () => {
    expect((await stage([], 'touch here && ls')).lines).toEqual(['here'])
  })
})

test('10,000 objects are staged within 50 µs each', async () => {
  const names = Array.from({ length: 10_000 }, (_, i) => `class-${i % 10}/image-${i}.png`)
  const uri = 's3://bucket/many/'
  await bench.store(uri, names, 'bytes')
  const empty = await timed('s3://bucket/none/')
  const full = await timed(uri)
  const eachUs = ((full - empty) * 1000) / names.length
  console.info(`staging: ${eachUs.toFixed(1)} µs per object, ${full} ms for ${names.length}`)
  expect(eachUs).toBeLessThan(150) // the target is 50; a busy test machine must not fail it

  async function timed(source: string): Promise<number> {
    const began = Date.now()
    const { state } = await bench.run('true', { inputs: bench.channel(source) })
    return state.phase === 'ended' ? state.started.getTime() - began : Number.NaN
  }
})
