import { randomUUID } from 'node:crypto'
import { openBlobs } from '@sagebrush/blobs-fs'
import { memoryStore } from '@sagebrush/store-kit'
import { expect, test } from 'vitest'
import { bytesOf, openTestS3, type TestS3 } from '../testing/test-s3.ts'
import type { PostAnswer } from './post-object.ts'

const adapters = { store: memoryStore, blobs: (root: string) => openBlobs({ root, fsync: false }) }
const now = new Date('2026-03-01T12:00:00Z')

async function post(
  t: TestS3,
  conditions: readonly unknown[],
  fields: Readonly<Record<string, string>>,
  content = 'content',
  expiration = '2026-03-01T12:10:00Z',
): Promise<PostAnswer> {
  const policy = Buffer.from(JSON.stringify({ expiration, conditions })).toString('base64')
  const ctx = t.s3.context({
    caller: { account: '111122223333', region: 'us-east-1', accessKeyId: 'A', arn: 'arn:aws:iam::1:root', userId: '1' },
    requestId: randomUUID(),
    signal: new AbortController().signal,
    waiter: false,
    headers: { host: '127.0.0.1:7243' },
    now: () => now,
  })
  return t.s3.postObject(
    {
      bucket: 'data',
      fields: new Map([...Object.entries(fields), ['policy', policy], ['x-amz-signature', 'proved']]),
      file: bytesOf(content),
      fileName: 'C:\\photos\\cat.png',
    },
    ctx,
  )
}

async function open(): Promise<TestS3> {
  const t = await openTestS3(adapters)
  t.time = now
  await t.call('CreateBucket', { Bucket: 'data' })
  return t
}

const anything = [{ bucket: 'data' }, ['starts-with', '$key', 'user/']]

test('stores the file under its key, with what the form says of it', async () => {
  await using t = await open()
  const conditions = [...anything, ['starts-with', '$Content-Type', 'image/'], { 'x-amz-meta-tag': 'x' }]
  const fields = { key: 'user/\u0024{filename}', 'content-type': 'image/png', 'x-amz-meta-tag': 'x' }
  expect(await post(t, conditions, fields)).toMatchObject({
    status: 204,
    etag: '"9a0364b9e99bb480dd25e1f0284c8555"',
    location: 'http://127.0.0.1:7243/data/user/cat.png',
  })
  expect(await t.get('data', 'user/cat.png')).toBe('content')
  expect(await t.call('HeadObject', { Bucket: 'data', Key: 'user/cat.png' })).toMatchObject({
    ContentType: 'image/png',
    Metadata: { tag: 'x' },
  })
})

test('answers as the form asks', async () => {
  await using t = await open()
  const conditions = [
    ...anything,
    ['starts-with', '$success_action_status', ''],
    ['starts-with', '$success_action_redirect', ''],
  ]
  const key = 'user/a b'
  expect(await post(t, conditions, { key, success_action_status: '201' })).toMatchObject({
    status: 201,
    body: { Bucket: 'data', Key: key, Location: 'http://127.0.0.1:7243/data/user/a%20b' },
  })
  expect((await post(t, conditions, { key, success_action_status: '200' })).status).toBe(200)
  const redirected = await post(t, conditions, { key, success_action_redirect: 'https://example.com/done?x=1' })
  expect(redirected.status).toBe(303)
  expect(Object.fromEntries(new URL(redirected.location).searchParams)).toEqual({
    x: '1',
    bucket: 'data',
    key,
    etag: '"9a0364b9e99bb480dd25e1f0284c8555"',
  })
})

test.each([
  ['an expired policy', anything, { key: 'user/a' }, '2026-03-01T12:00:00Z', 'AccessDenied', 'Policy expired.'],
  ['another key', anything, { key: 'root/a' }, undefined, 'AccessDenied', '["starts-with","$key","user/"]'],
  [
    'another bucket',
    [{ bucket: 'other' }, ['eq', '$key', 'k']],
    { key: 'k' },
    undefined,
    'AccessDenied',
    '["eq","$bucket","other"]',
  ],
  [
    'a field beside the policy',
    anything,
    { key: 'user/a', acl: 'private' },
    undefined,
    'AccessDenied',
    'Extra input fields: acl',
  ],
  [
    'a condition of no kind',
    [['near', '$key', 'k']],
    { key: 'k' },
    undefined,
    'InvalidPolicyDocument',
    'is of no known kind',
  ],
  ['no key', anything, {}, undefined, 'InvalidArgument', "a field named 'key'"],
  [
    'a file too large',
    [...anything, ['content-length-range', 1, 6]],
    { key: 'user/a' },
    undefined,
    'EntityTooLarge',
    'exceeds the maximum',
  ],
  [
    'a file too small',
    [...anything, ['content-length-range', 8, 9]],
    { key: 'user/a' },
    undefined,
    'EntityTooSmall',
    'smaller than the minimum',
  ],
] as const)('refuses %s', async (_, conditions, fields, expiration, name, words) => {
  await using t = await open()
  await expect(post(t, conditions, fields as Record<string, string>, 'content', expiration)).rejects.toMatchObject({
    name,
    message: expect.stringContaining(words),
  })
  expect(await t.blobCount()).toBe(0)
})

test('takes a file at the bounds of its size', async () => {
  await using t = await open()
  await post(t, [...anything, ['content-length-range', 7, 7]], { key: 'user/a' })
  expect(await t.get('data', 'user/a')).toBe('content')
})
