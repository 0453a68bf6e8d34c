import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { ApiError } from '@sagebrush/core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { VerifiedBody } from '../body/verified-body.ts'
import { botocorePython, botocoreTitle } from '../testing/botocore.ts'
import { type Call, ToyServer, toyKey } from '../testing/toy-server.ts'

const toy = new ToyServer()
const python = await botocorePython()
const stored = new Map<string, { sha256: string; checksums: readonly string[] }>()

beforeAll(() => toy.start({ without: ['CreateCluster'] }), 120_000)
afterAll(() => toy.stop())

const content = Buffer.alloc(256 * 4000, Buffer.from(Array.from({ length: 256 }, (_, i) => i)))

async function answer({ operation, input, ctx }: Call): Promise<unknown> {
  switch (operation) {
    case 'PutObject':
    case 'UploadPart': {
      const body = input.Body as VerifiedBody
      const hash = createHash('sha256')
      for await (const part of body) hash.update(part)
      stored.set(String(input.Key), { sha256: hash.digest('hex'), checksums: Object.keys(body.checksums()) })
      return { ETag: '"e"' }
    }
    case 'GetObject':
      return { Body: content, ContentLength: content.length, Metadata: { key: String(input.Key) } }
    case 'ListObjectsV2':
      return { Contents: [{ Key: 'a b' }, { Key: '<&>' }] }
    case 'GetBucketLocation':
      return { LocationConstraint: ctx.caller.region }
    case 'DeleteObjects':
      return { Deleted: (input.Delete as { Objects: unknown }).Objects }
    case 'HeadObject':
      throw new ApiError('NotFound', 'Not Found', { status: 404 })
    case 'GetCallerIdentity':
      return { Arn: ctx.caller.arn, Account: ctx.caller.account, UserId: ctx.caller.userId }
    case 'GetRole':
      throw new ApiError('NoSuchEntityException', 'no such role', { status: 404 })
    case 'DescribeLogGroups':
      return { logGroups: [{ logGroupName: 'g', storedBytes: 0 }] }
    case 'InvokeEndpointWithResponseStream':
      return { Body: parts() }
    default:
      throw new Error(`not expected: ${operation}`)
  }
}

async function* parts() {
  for (const text of ['one', 'two']) yield { PayloadPart: { Bytes: Buffer.from(text) } }
}

describe.skipIf(!python)(`clients of ${botocoreTitle(python)}`, () => {
  test('every service', async () => {
    toy.respond = answer
    const script = join(import.meta.dirname, '..', 'testing', 'call_services.py')
    const { accessKeyId, secretAccessKey } = toyKey
    const { stdout } = await promisify(execFile)(python ?? '', [script, toy.url, accessKeyId, secretAccessKey], {
      // Nothing of the user's own configuration may take part.
      env: { PATH: process.env.PATH ?? '', AWS_EC2_METADATA_DISABLED: 'true', HOME: import.meta.dirname },
    })
    const sha256 = createHash('sha256').update(content).digest('hex')
    expect(JSON.parse(stdout)).toEqual({
      sha256,
      get: [content.length, sha256, { key: 'k//../k' }],
      list: ['a b', '<&>'],
      location: 'us-west-2',
      deleted: [{ Key: 'a<&>\n' }],
      'not found': ['404', 404],
      identity: toyKey.arn,
      role: ['NoSuchEntity', 404],
      groups: [{ logGroupName: 'g', storedBytes: 0 }],
      invalid: ['ValidationException', 400],
      later: ['NotImplementedException', 501],
      stream: ['one', 'two'],
    })
    expect(Object.fromEntries(stored)).toEqual({
      ...Object.fromEntries(
        ['CRC32', 'SHA1', 'SHA256'].flatMap((name) => [
          [`bytes/${name}`, { sha256, checksums: [name.toLowerCase()] }],
          [`file/${name} ü+&`, { sha256, checksums: [name.toLowerCase()] }],
        ]),
      ),
      part: { sha256, checksums: ['crc32'] },
    })
    expect(toy.failures).toEqual([])
  })
})
