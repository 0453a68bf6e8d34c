import { createHash } from 'node:crypto'
import { readFile, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { openBlobs } from '@sagebrush/blobs-fs'
import type { ObjectSource } from '@sagebrush/core'
import { memoryStore } from '@sagebrush/store-kit'
import { expect, test } from 'vitest'
import { openTestS3, type TestS3 } from '../testing/test-s3.ts'

const adapters = { store: memoryStore, blobs: (root: string) => openBlobs({ root, fsync: false }) }

const scope = { account: '111122223333', region: 'eu-west-1' }

async function withObjects(...keys: readonly string[]): Promise<TestS3> {
  const t = await openTestS3(adapters)
  await t.call('CreateBucket', { Bucket: 'data' })
  for (const key of keys) await t.put('data', key, key.endsWith('/') ? '' : `in ${key}`)
  return t
}

/** Names with what their files hold. */
async function read(t: TestS3, kind: ObjectSource['kind'], uri: string): Promise<Record<string, string>> {
  const files: Record<string, string> = {}
  for await (const batch of t.s3.reader.read(scope, { kind, uri })) {
    expect(batch.length).toBeGreaterThan(0)
    for (const { name, sizeBytes, path } of batch) {
      const content = await readFile(path, 'utf8')
      expect(Buffer.byteLength(content)).toBe(sizeBytes)
      files[name] = content
    }
  }
  return files
}

test.each([
  ['s3://data/train/', { 'a.csv': 'in train/a.csv', 'deep/b.csv': 'in train/deep/b.csv' }],
  [
    's3://data/train',
    {
      'a.csv': 'in train/a.csv',
      'deep/b.csv': 'in train/deep/b.csv',
      'train-2/c.csv': 'in train-2/c.csv',
      'train.csv': 'in train.csv',
    },
  ],
  ['s3://data/train/a.csv', { 'a.csv': 'in train/a.csv' }],
  ['s3://data/train/de', { 'deep/b.csv': 'in train/deep/b.csv' }],
  ['s3://data/train/deep//', {}],
])('names below %s', async (uri, files) => {
  await using t = await withObjects('train/a.csv', 'train/', 'train/deep/b.csv', 'train-2/c.csv', 'train.csv', 'other')
  expect(await read(t, 'prefix', uri)).toEqual(files)
})

test('a prefix may be the whole bucket', async () => {
  await using t = await withObjects('a', 'b/c', '//d')
  const files = { a: 'in a', 'b/c': 'in b/c', d: 'in //d' }
  expect(await read(t, 'prefix', 's3://data')).toEqual(files)
  expect(await read(t, 'prefix', 's3://data/')).toEqual(files)
})

test('an object is staged under the last part of its key', async () => {
  await using t = await withObjects('code/sourcedir.tar.gz')
  expect(await read(t, 'object', 's3://data/code/sourcedir.tar.gz')).toEqual({
    'sourcedir.tar.gz': 'in code/sourcedir.tar.gz',
  })
  await expect(read(t, 'object', 's3://data/code')).rejects.toThrow('There is no object s3://data/code.')
  await expect(read(t, 'object', 's3://none/code')).rejects.toThrow('The bucket none does not exist')
  await expect(read(t, 'prefix', 'data/code')).rejects.toThrow('"data/code" is no S3 URI')
})

test('a manifest names its objects, wherever they lie', async () => {
  await using t = await withObjects('set/1/a', 'set/b', 'set/c')
  await t.put('data', 'list', '[{"prefix": "s3://data/set/"}, "1/a", "b"]')
  expect(await read(t, 'manifest', 's3://data/list')).toEqual({ '1/a': 'in set/1/a', b: 'in set/b' })
  await t.put('data', 'list', '[{"prefix": "s3://data/set/"}, "none"]')
  await expect(read(t, 'manifest', 's3://data/list')).rejects.toThrow('There is no object s3://data/set/none.')
  await t.put('data', 'list', '[{"prefix": "s3://data/set/"}, "b", "b"]')
  await expect(read(t, 'manifest', 's3://data/list')).rejects.toThrow('another object is the file "b" already')
  for (const [text, why] of [
    ['{', 'it is no JSON'],
    ['{}', 'it must be a JSON array'],
    ['["a"]', 'its first element must be {"prefix"'],
    ['[{"prefix": "s3://data/"}, 7]', 'element 1 must be a name relative to the prefix, not 7'],
  ] as const) {
    await t.put('data', 'list', text)
    await expect(read(t, 'manifest', 's3://data/list')).rejects.toThrow(why)
  }
})

test('a manifest over 64 MiB is refused unread', async () => {
  await using t = await withObjects()
  const file = join(t.folder, 'list')
  await writeFile(file, '')
  await truncate(file, 64 * 1024 ** 2 + 1)
  await t.s3.objects.putFile(scope, 's3://data/list', file, 'application/json')
  await expect(read(t, 'manifest', 's3://data/list')).rejects.toThrow(
    'The manifest s3://data/list has 67108865 bytes; at most 67108864 are read.',
  )
})

test.each([
  [['p/../x'], 'the part ".." of its key cannot be a file name'],
  [['p/./x'], 'the part "." of its key'],
  [['p/a\0b'], 'the part "a\\0b" of its key'],
  [[`p/${'x'.repeat(256)}`], 'a part of its key is longer than 255 bytes'],
  [['p/a', 'p/a!', 'p/a/b'], '"a" is an object too, and no folder'],
  [['p/a//b', 'p/a/b'], 'another object is the file "a/b" already'],
  [['p/x//y/z', 'p/x/y'], '"x/y" is a folder of other objects'],
])('refuses %j, which no folder can hold', async (keys, why) => {
  await using t = await withObjects(...keys)
  await expect(read(t, 'prefix', 's3://data/p/')).rejects.toThrow(why)
})

test('refuses a folder marker that holds bytes', async () => {
  await using t = await withObjects()
  await t.put('data', 'p/x/', 'bytes')
  await expect(read(t, 'prefix', 's3://data/p/')).rejects.toThrow('its key ends in a slash, yet it is not empty')
})

test('an object of exactly the prefix lies beside the files of the folder of that name', async () => {
  await using t = await withObjects('train', 'train/a', 'train-2/b')
  expect(await read(t, 'prefix', 's3://data/train')).toEqual({
    train: 'in train',
    a: 'in train/a',
    'train-2/b': 'in train-2/b',
  })
  await t.put('data', 'train/train-2/b', 'clash')
  await expect(read(t, 'prefix', 's3://data/train')).rejects.toThrow('another object is the file "train-2/b" already')
})

test('has: an object, a prefix with objects, nothing else', async () => {
  await using t = await withObjects('train/a', 'empty/')
  const has = (kind: ObjectSource['kind'], uri: string) => t.s3.objects.has(scope, { kind, uri })
  expect(await has('prefix', 's3://data/tr')).toBe(true)
  expect(await has('prefix', 's3://data/test')).toBe(false)
  expect(await has('prefix', 's3://data/empty/')).toBe(false)
  expect(await has('object', 's3://data/train/a')).toBe(true)
  expect(await has('object', 's3://data/train')).toBe(false)
  expect(await has('manifest', 's3://data/train/a')).toBe(true)
  await expect(has('prefix', 's3://none/tr')).rejects.toThrow(
    'The bucket none does not exist in account 111122223333. Create it and put its objects there; for the bucket of that name in AWS, add its host (such as none.s3.amazonaws.com) to the setting proxy.passThrough and ask that host.',
  )
})

test('etag: that of an object, without quotes', async () => {
  await using t = await withObjects('train/a')
  expect(await t.s3.objects.etag(scope, 's3://data/train/a')).toBe(createHash('md5').update('in train/a').digest('hex'))
  expect(await t.s3.objects.etag(scope, 's3://data/train')).toBeUndefined()
  await expect(t.s3.objects.etag(scope, 's3://none/a')).rejects.toThrow('The bucket none does not exist')
})

test('putFile takes a file over as an object and makes its bucket', async () => {
  await using t = await withObjects()
  const file = join(t.folder, 'model.tar.gz')
  await writeFile(file, 'weights')
  await t.s3.objects.putFile(scope, 's3://models/job/output/model.tar.gz', file, 'application/gzip')
  await expect(readFile(file)).rejects.toThrow('ENOENT')
  expect(await t.get('models', 'job/output/model.tar.gz')).toBe('weights')
  expect(await t.call('HeadObject', { Bucket: 'models', Key: 'job/output/model.tar.gz' })).toMatchObject({
    ContentType: 'application/gzip',
    ETag: `"${createHash('md5').update('weights').digest('hex')}"`,
  })
  expect((await t.call('HeadBucket', { Bucket: 'models' })).BucketRegion).toBe('eu-west-1')
  expect(await t.blobCount()).toBe(1)
})

test('putFile may be repeated where the server was killed between taking the file and writing the row', async () => {
  await using t = await withObjects()
  const file = join(t.folder, 'model.tar.gz')
  await writeFile(file, 'weights')
  await t.blobs.adopt(file, ['md5'])
  await t.s3.objects.putFile(scope, 's3://models/job/output/model.tar.gz', file, 'application/gzip')
  expect(await t.get('models', 'job/output/model.tar.gz')).toBe('weights')
  await expect(readFile(file)).rejects.toThrow('ENOENT')
})

test('putFile leaves the file where the bucket is missing and none is to be made', async () => {
  await using t = await openTestS3(adapters, { makeBuckets: false })
  const file = join(t.folder, 'model.tar.gz')
  await writeFile(file, 'weights')
  await expect(t.s3.objects.putFile(scope, 's3://models/m', file, 'application/gzip')).rejects.toThrow(
    'The bucket models does not exist',
  )
  expect(await readFile(file, 'utf8')).toBe('weights')
})

test('hosts that share a channel get every object once between them', async () => {
  const keys = Array.from({ length: 7 }, (_, i) => `train/part-${i}`)
  await using t = await withObjects(...keys)
  const shares: string[][] = []
  for (let index = 0; index < 3; index++) {
    const names: string[] = []
    const source = { kind: 'prefix', uri: 's3://data/train', share: { index, of: 3 } } as const
    for await (const batch of t.s3.reader.read(scope, source)) names.push(...batch.map(({ name }) => name))
    shares.push(names)
  }
  expect(shares).toEqual([
    ['part-0', 'part-3', 'part-6'],
    ['part-1', 'part-4'],
    ['part-2', 'part-5'],
  ])
})
