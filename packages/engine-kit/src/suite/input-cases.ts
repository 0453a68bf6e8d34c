import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { Act } from '../acts.ts'
import { finalState } from '../testing.ts'
import { run, type SuiteBench } from './suite-bench.ts'

/** What is brought to a task before it starts. */
export function inputCases(bench: SuiteBench): void {
  test('a channel may be written to, and what is stored stays as it is', async () => {
    const uri = 's3://bucket/train/'
    await bench.store(uri, { 'a/one.csv': 'one\n', 'run.sh': '#!/bin/sh\n', 'ä ö.txt': 'x' })
    const at = '/opt/ml/input/data/train'
    const id = await bench.start(
      [
        { do: 'show', path: `${at}/a/one.csv` },
        { do: 'write', path: `${at}/a/one.csv`, text: 'changed' },
        { do: 'make-executable', path: `${at}/run.sh` },
        { do: 'write', path: `${at}/new/file`, text: 'new' },
        { do: 'show', path: `${at}/a/one.csv` },
        { do: 'show', path: `${at}/ä ö.txt` },
        { do: 'write', path: '/opt/ml/input/own', text: 'own' },
      ],
      { inputs: [{ kind: 'objects', path: at, channel: 'train', source: { kind: 'prefix', uri } }] },
    )
    expect((await bench.ended(id)).lastLines.slice(-3)).toEqual(['one', 'changed', 'x'])
    const bytes = (bench.stored.get(uri) ?? []).map(({ path }) => readFile(path, 'utf8'))
    expect(await Promise.all(bytes)).toEqual(['one\n', '#!/bin/sh\n', 'x'])
  })

  test('an archive is unpacked; one that leads outside is refused', async () => {
    await mkdir(join(bench.folder, 'pack/code'), { recursive: true })
    await writeFile(join(bench.folder, 'pack/code/model.txt'), 'inside')
    await run('tar', ['-czf', join(bench.folder, 'good'), '-C', join(bench.folder, 'pack'), '.'])
    await run('tar', ['-czPf', join(bench.folder, 'bad'), '-C', join(bench.folder, 'pack/code'), '../code/model.txt'])
    for (const each of ['good', 'bad']) {
      await bench.store(`s3://bucket/${each}.tar.gz`, { [`${each}.tar.gz`]: await readFile(join(bench.folder, each)) })
    }
    const show: Act[] = [{ do: 'show', path: '/opt/ml/model/code/model.txt' }]
    const input = (uri: string) =>
      ({ inputs: [{ kind: 'archive', path: '/opt/ml/model', source: { kind: 'object', uri } }] }) as const
    const good = await bench.start(show, input('s3://bucket/good.tar.gz'))
    const bad = await bench.start(show, input('s3://bucket/bad.tar.gz'))
    expect((await bench.ended(good)).lastLines.at(-1)).toBe('inside')
    const refused = await finalState(bench.engine, bad)
    expect(refused).toMatchObject({ phase: 'failed', fault: 'user' })
    expect(refused.phase === 'failed' && refused.message).toMatch(/bad\.tar\.gz.*\.\.\/code\/model\.txt/)
    expect((await bench.messages(bad)).filter((line) => line.includes('inside'))).toEqual([]) // and its log has an end
  })

  test('what S3 does not have fails in its words', async () => {
    const input = {
      kind: 'objects',
      path: '/opt/ml/input/data/x',
      source: { kind: 'prefix', uri: 's3://none/' },
    } as const
    const state = await finalState(bench.engine, await bench.start([], { inputs: [input] }))
    expect(state).toMatchObject({ phase: 'failed', fault: 'user', message: 'Nothing is stored at s3://none/.' })
  })
}
