import { join } from 'node:path'
import { openBlobs } from '@sagebrush/blobs-fs'
import { memoryStore } from '@sagebrush/store-kit'
import { openStore } from '@sagebrush/store-sqlite'
import { describe, expect, test } from 'vitest'
import { openTestS3, type TestS3 } from '../testing/test-s3.ts'

const blobs = (root: string) => openBlobs({ root, fsync: false })
const stores = [
  { name: 'memory', adapters: { store: memoryStore, blobs } },
  {
    name: 'SQLite',
    adapters: { store: (folder: string) => openStore({ path: join(folder, 'state.db') }), blobs },
  },
]

/** What S3's page on listing says, as plainly as it can be written. */
function modelListing(keys: readonly string[], prefix: string, delimiter: string): string[] {
  const sorted = [...keys].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)))
  const entries = sorted
    .filter((key) => key.startsWith(prefix))
    .map((key) => {
      const at = delimiter === '' ? -1 : key.indexOf(delimiter, prefix.length)
      return at < 0 ? `key ${key}` : `prefix ${key.slice(0, at + delimiter.length)}`
    })
  return [...new Set(entries)]
}

/** Deterministic, so that a failure can be run again. */
function randomNumbers(seed: number): (below: number) => number {
  let state = seed
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return Math.floor((state / 2 ** 32) * below)
  }
}

const PIECES = ['a', 'b', '/', '//', '..', 'é', '\u{1f600}', '\uffee', ' ', '+', '%2F', '\u0001', '~', 'ab/', '.']

function randomKeys(random: (below: number) => number, count: number): string[] {
  const keys = new Set<string>()
  while (keys.size < count) {
    const length = 1 + random(5)
    keys.add(Array.from({ length }, () => PIECES[random(PIECES.length)]).join(''))
  }
  return [...keys]
}

type Page = { entries: string[]; next: string | undefined; count: number | undefined }

async function pageV2(t: TestS3, prefix: string, delimiter: string, maxKeys: number, token?: string): Promise<Page> {
  const page = await t.call('ListObjectsV2', {
    Bucket: 'data',
    Prefix: prefix,
    Delimiter: delimiter,
    MaxKeys: maxKeys,
    ...(token !== undefined && { ContinuationToken: token }),
  })
  expect(page.IsTruncated).toBe(page.NextContinuationToken !== undefined)
  const keys = (page.Contents ?? []).map(({ Key = '' }) => Key)
  const prefixes = (page.CommonPrefixes ?? []).map(({ Prefix = '' }) => Prefix)
  return { entries: merged(keys, prefixes), next: page.NextContinuationToken, count: page.KeyCount }
}

async function pageV1(t: TestS3, prefix: string, delimiter: string, maxKeys: number, marker?: string): Promise<Page> {
  const page = await t.call('ListObjects', {
    Bucket: 'data',
    Prefix: prefix,
    Delimiter: delimiter,
    MaxKeys: maxKeys,
    ...(marker !== undefined && { Marker: marker }),
  })
  const keys = (page.Contents ?? []).map(({ Key = '' }) => Key)
  const prefixes = (page.CommonPrefixes ?? []).map(({ Prefix = '' }) => Prefix)
  const next = page.IsTruncated ? (page.NextMarker ?? keys.at(-1)) : undefined
  return { entries: merged(keys, prefixes), next, count: undefined }
}

/** Keys and prefixes come apart; together they are in byte order. */
function merged(keys: readonly string[], prefixes: readonly string[]): string[] {
  const all = [
    ...keys.map((key) => ({ name: key, entry: `key ${key}` })),
    ...prefixes.map((prefix) => ({ name: prefix, entry: `prefix ${prefix}` })),
  ]
  return all.sort((a, b) => Buffer.compare(Buffer.from(a.name), Buffer.from(b.name))).map(({ entry }) => entry)
}

describe.each(stores)('on $name', ({ adapters }) => {
  test('lists as the model does, whatever the keys, prefix, delimiter and page size', async () => {
    await using t = await openTestS3(adapters)
    await t.call('CreateBucket', { Bucket: 'data' })
    await t.call('CreateBucket', { Bucket: 'data-2' })
    await t.put('data-2', 'elsewhere')
    const random = randomNumbers(20261123)
    const keys = randomKeys(random, 120)
    await Promise.all(keys.map((key) => t.put('data', key)))
    for (let round = 0; round < 120; round++) {
      const prefix = random(2) === 0 ? '' : (keys[random(keys.length)] ?? '').slice(0, 1 + random(3)).toWellFormed()
      const delimiter = ['', '/', '/', 'a', '//', '\u{1f600}', '..'][random(7)] ?? ''
      const maxKeys = [1, 2, 3, 7, 1000][random(5)] ?? 1
      const list = random(2) === 0 ? pageV1 : pageV2
      const listed: string[] = []
      let next: string | undefined
      do {
        const page = await list(t, prefix, delimiter, maxKeys, next)
        if (list === pageV2) expect(page.count).toBe(page.entries.length)
        expect(page.entries.length).toBeLessThanOrEqual(maxKeys)
        listed.push(...page.entries)
        next = page.next
      } while (next !== undefined)
      expect(listed, `prefix ${JSON.stringify(prefix)}, delimiter ${delimiter}, ${maxKeys} a page`).toEqual(
        modelListing(keys, prefix, delimiter),
      )
    }
  })

  test('starts after a key that need not be there', async () => {
    await using t = await openTestS3(adapters)
    await t.call('CreateBucket', { Bucket: 'data' })
    for (const key of ['a', 'a/1', 'a/2', 'b', 'c']) await t.put('data', key)
    const startingAfter = async (startAfter: string, delimiter = '') => {
      const page = await t.call('ListObjectsV2', { Bucket: 'data', StartAfter: startAfter, Delimiter: delimiter })
      expect(page.StartAfter).toBe(startAfter)
      return merged(
        (page.Contents ?? []).map(({ Key = '' }) => Key),
        (page.CommonPrefixes ?? []).map(({ Prefix = '' }) => Prefix),
      )
    }
    expect(await startingAfter('a/1')).toEqual(['key a/2', 'key b', 'key c'])
    expect(await startingAfter('a0')).toEqual(['key b', 'key c'])
    expect(await startingAfter('a/', '/')).toEqual(['key b', 'key c'])
    expect(await startingAfter('a', '/')).toEqual(['prefix a/', 'key b', 'key c'])
    expect(await startingAfter('zz')).toEqual([])
  })

  test('two accounts have the same names and see nothing of each other', async () => {
    await using t = await openTestS3(adapters)
    const other = { account: '444455556666' }
    await t.call('CreateBucket', { Bucket: 'data' })
    await t.put('data', 'key', 'mine')
    await expect(t.call('ListObjectsV2', { Bucket: 'data' }, other)).rejects.toMatchObject({ name: 'NoSuchBucket' })
    await t.call('CreateBucket', { Bucket: 'data' }, other)
    expect((await t.call('ListObjectsV2', { Bucket: 'data' }, other)).KeyCount).toBe(0)
    await t.call('DeleteObject', { Bucket: 'data', Key: 'key' }, other)
    await t.call('DeleteBucket', { Bucket: 'data' }, other)
    expect(await t.get('data', 'key')).toBe('mine')
    // Another region of the same account sees the same bucket.
    expect((await t.call('ListObjectsV2', { Bucket: 'data' }, { region: 'eu-west-1' })).KeyCount).toBe(1)
  })
})

const adapters = { store: memoryStore, blobs }

test('max-keys: 0 lists nothing, more than 1,000 means 1,000, less than 0 is refused', async () => {
  await using t = await openTestS3(adapters)
  await t.call('CreateBucket', { Bucket: 'data' })
  await t.put('data', 'key')
  expect(await t.call('ListObjectsV2', { Bucket: 'data', MaxKeys: 0 })).toMatchObject({
    IsTruncated: false,
    KeyCount: 0,
    MaxKeys: 0,
  })
  expect((await t.call('ListObjectsV2', { Bucket: 'data', MaxKeys: 5000 })).MaxKeys).toBe(1000)
  await expect(t.call('ListObjectsV2', { Bucket: 'data', MaxKeys: -1 })).rejects.toMatchObject({
    name: 'InvalidArgument',
    members: { ArgumentName: 'max-keys', ArgumentValue: '-1' },
  })
})

test('v1 gives a next marker with a delimiter only, be it a key or a prefix', async () => {
  await using t = await openTestS3(adapters)
  await t.call('CreateBucket', { Bucket: 'data' })
  for (const key of ['a', 'b/1', 'b/2', 'c']) await t.put('data', key)
  const page = (more: object) => t.call('ListObjects', { Bucket: 'data', Delimiter: '/', MaxKeys: 1, ...more })
  expect(await page({})).toMatchObject({ IsTruncated: true, NextMarker: 'a' })
  expect(await page({ Marker: 'a' })).toMatchObject({
    IsTruncated: true,
    NextMarker: 'b/',
    CommonPrefixes: [{ Prefix: 'b/' }],
  })
  const last = await page({ Marker: 'b/' })
  expect(last).toMatchObject({ IsTruncated: false, Contents: [{ Key: 'c' }] })
  expect(last).not.toHaveProperty('NextMarker')
  const plain = await t.call('ListObjects', { Bucket: 'data', MaxKeys: 2 })
  expect(plain.IsTruncated).toBe(true)
  expect(plain).not.toHaveProperty('NextMarker')
})

test('encoding-type=url encodes keys, prefixes and markers; the token is opaque', async () => {
  await using t = await openTestS3(adapters)
  await t.call('CreateBucket', { Bucket: 'data' })
  for (const key of ['a b/+1', 'a b/ü\u0001(!)', 'a b/x|y']) await t.put('data', key)
  const query = { Bucket: 'data', Prefix: 'a b/', Delimiter: '|', EncodingType: 'url' as const }
  const page = await t.call('ListObjectsV2', { ...query, StartAfter: 'a b' })
  expect(page).toMatchObject({ Prefix: 'a%20b/', Delimiter: '%7C', StartAfter: 'a%20b', EncodingType: 'url' })
  expect(page.Contents?.map(({ Key }) => Key)).toEqual(['a%20b/%2B1', 'a%20b/%C3%BC%01%28%21%29'])
  expect(page.CommonPrefixes).toEqual([{ Prefix: 'a%20b/x%7C' }])
  expect((await t.call('ListObjects', { ...query, MaxKeys: 1 })).NextMarker).toBe('a%20b/%2B1')
  await expect(t.call('ListObjectsV2', { Bucket: 'data', ContinuationToken: '!nonsense' })).rejects.toMatchObject({
    name: 'InvalidArgument',
  })
})

test('a token is not JSON in Base64, which a paginator of botocore would take for its own', async () => {
  await using t = await openTestS3(adapters)
  await t.call('CreateBucket', { Bucket: 'data' })
  for (const key of ['2024', '2025']) await t.put('data', key)
  const { NextContinuationToken = '' } = await t.call('ListObjectsV2', { Bucket: 'data', MaxKeys: 1 })
  expect(() => JSON.parse(Buffer.from(NextContinuationToken, 'base64').toString())).toThrow(SyntaxError)
  const page = await t.call('ListObjectsV2', { Bucket: 'data', ContinuationToken: NextContinuationToken })
  expect(page.Contents?.map(({ Key }) => Key)).toEqual(['2025'])
})

test('the owner is told by v1, by v2 on request, and is the same for all requests of an account', async () => {
  await using t = await openTestS3(adapters)
  await t.call('CreateBucket', { Bucket: 'data' })
  await t.put('data', 'key')
  const v1 = (await t.call('ListObjects', { Bucket: 'data' })).Contents?.[0]?.Owner
  const v2 = (await t.call('ListObjectsV2', { Bucket: 'data', FetchOwner: true })).Contents?.[0]?.Owner
  expect(v1?.ID).toMatch(/^[0-9a-f]{64}$/)
  expect(v2).toEqual(v1)
  expect((await t.call('ListObjectsV2', { Bucket: 'data' })).Contents?.[0]).not.toHaveProperty('Owner')
  expect((await t.call('ListBuckets', {})).Owner).toEqual(v1)
})

test('versions: every object is the version null of itself', async () => {
  await using t = await openTestS3(adapters)
  await t.call('CreateBucket', { Bucket: 'data' })
  for (const key of ['a', 'b', 'c']) await t.put('data', key, key)
  const first = await t.call('ListObjectVersions', { Bucket: 'data', MaxKeys: 2 })
  expect(first).toMatchObject({ IsTruncated: true, NextKeyMarker: 'b', NextVersionIdMarker: 'null' })
  const second = await t.call('ListObjectVersions', { Bucket: 'data', KeyMarker: 'b', VersionIdMarker: 'null' })
  const versions = [...(first.Versions ?? []), ...(second.Versions ?? [])]
  expect(versions.map(({ Key, VersionId, IsLatest }) => `${Key} ${VersionId} ${IsLatest}`)).toEqual([
    'a null true',
    'b null true',
    'c null true',
  ])
  const Objects = versions.map(({ Key = '', VersionId = '' }) => ({ Key, VersionId }))
  expect((await t.call('DeleteObjects', { Bucket: 'data', Delete: { Objects } })).Deleted).toHaveLength(3)
})
