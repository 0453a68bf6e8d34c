import { randomUUID } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { InputOf, OperationName, OutputOf } from '@sagebrush/contract'
import type { Blobs, Store } from '@sagebrush/core'
import { openS3, type S3, type S3Config } from '../open-s3.ts'
import type { S3OperationTable } from '../operations.ts'

type Offered = keyof S3OperationTable & OperationName<'s3'>

/** Who calls, and from where. */
export interface TestCaller {
  readonly account?: string
  readonly region?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly waiter?: boolean
}

export interface TestS3 extends AsyncDisposable {
  readonly s3: S3
  readonly store: Store
  readonly blobs: Blobs
  /** An empty folder of the test's own. */
  readonly folder: string
  /** What the server's log was told. */
  readonly warnings: readonly string[]
  /** May be set; otherwise the clock goes. */
  time: Date | undefined
  call<Name extends Offered>(name: Name, input: InputOf<'s3', Name>, caller?: TestCaller): Promise<OutputOf<'s3', Name>>
  put(bucket: string, key: string, content?: string | Uint8Array): Promise<void>
  get(bucket: string, key: string): Promise<string>
  /** How many blobs lie in the store. */
  blobCount(): Promise<number>
}

/** The adapters that a test brings: services see ports only, in their tests' support too. */
export interface TestAdapters {
  readonly store: (folder: string) => Promise<Store> | Store
  readonly blobs: (folder: string) => Promise<Blobs>
}

export async function openTestS3(adapters: TestAdapters, config: Partial<S3Config> = {}): Promise<TestS3> {
  const folder = await mkdtemp(join(tmpdir(), 'sagebrush-s3-'))
  const store = await adapters.store(folder)
  const blobs = await adapters.blobs(join(folder, 'blobs'))
  const warnings: string[] = []
  const test: TestS3 = {
    store,
    blobs,
    folder,
    warnings,
    time: undefined,
    s3: openS3({
      store,
      blobs,
      clock: () => test.time ?? new Date(),
      config: { makeBuckets: true, ...config },
      log: { warn: (message) => void warnings.push(message) },
    }),
    async call(name, input, caller = {}) {
      const account = caller.account ?? '111122223333'
      const context = test.s3.context({
        caller: {
          account,
          region: caller.region ?? 'us-east-1',
          accessKeyId: 'AKIATEST',
          arn: `arn:aws:iam::${account}:user/test`,
          userId: 'AIDATEST',
        },
        requestId: randomUUID(),
        signal: new AbortController().signal,
        waiter: caller.waiter ?? false,
        headers: caller.headers ?? {},
        now: () => test.time ?? new Date(),
      })
      const handle = test.s3.operations[name].handle as (
        input: unknown,
        ctx: typeof context,
      ) => OutputOf<'s3', typeof name> | Promise<OutputOf<'s3', typeof name>>
      return handle(input, context)
    },
    async put(bucket, key, content = '') {
      await test.call('PutObject', { Bucket: bucket, Key: key, Body: bytesOf(content) })
    },
    async get(bucket, key) {
      const { Body } = await test.call('GetObject', { Bucket: bucket, Key: key })
      return textOf(Body)
    },
    async blobCount() {
      let count = 0
      for await (const _ of blobs.each()) count++
      return count
    },
    async [Symbol.asyncDispose]() {
      await store.close()
      await rm(folder, { recursive: true, force: true })
    },
  }
  return test
}

export async function* bytesOf(...chunks: readonly (string | Uint8Array)[]): AsyncIterable<Uint8Array> {
  for (const chunk of chunks) yield typeof chunk === 'string' ? Buffer.from(chunk) : chunk
}

export async function textOf(body: AsyncIterable<Uint8Array> | undefined): Promise<string> {
  const chunks: Uint8Array[] = []
  for await (const chunk of body ?? []) chunks.push(chunk)
  return Buffer.concat(chunks).toString()
}
