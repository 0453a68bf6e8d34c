import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { botocorePython, botocoreTitle } from '../testing/botocore.ts'
import { ToyServer, toyKey, toySession } from '../testing/toy-server.ts'

const python = await botocorePython()

interface Form {
  readonly name: string
  readonly url: string
  readonly fields: Readonly<Record<string, string>>
}

const toy = new ToyServer()
let forms: readonly Form[] = []
let stored: string[] = []

beforeAll(async () => {
  await toy.start({ defaultRegion: 'eu-north-1' })
  toy.respond = async ({ input }) => {
    const parts: Uint8Array[] = []
    for await (const part of input.Body as AsyncIterable<Uint8Array>) parts.push(part)
    stored.push(Buffer.concat(parts).toString())
    return { ETag: '"e"' }
  }
  if (!python) return
  const script = join(import.meta.dirname, '..', 'testing', 'post_forms.py')
  const names = [toyKey.accessKeyId, toyKey.secretAccessKey, toySession.accessKeyId, toySession.sessionToken ?? '']
  const out = execFileSync(python, [script, toy.url, ...names], { encoding: 'utf8' })
  forms = out
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))
}, 120_000)
afterAll(() => toy.stop())
beforeEach(() => {
  toy.calls.length = 0
  stored = []
})

function form(name: string): Form {
  const found = forms.find((one) => one.name === name)
  if (!found) throw new Error(`no form ${name}`)
  return found
}

async function post(
  { url, fields }: Form,
  changes: Readonly<Record<string, string | undefined>> = {},
  content = 'some bytes',
): Promise<{ status: number; text: string }> {
  const body = new FormData()
  for (const [name, value] of Object.entries({ ...fields, ...changes }))
    if (value !== undefined) body.append(name, value)
  body.append('file', new Blob([content]), 'photo.bin')
  const answer = await fetch(url, { method: 'POST', body })
  return { status: answer.status, text: await answer.text() }
}

const flipped = (text: string | undefined) => `${text?.[0] === 'A' ? 'B' : 'A'}${text?.slice(1)}`

describe.skipIf(!python)(`forms that ${botocoreTitle(python)} makes`, () => {
  test('are of Signature Version 2 by default, and are stored under the key that they name', async () => {
    expect(Object.keys(form('plain').fields).sort()).toEqual(['AWSAccessKeyId', 'key', 'policy', 'signature'])
    const { status, text } = await post(form('plain'))
    expect([status, text]).toEqual([204, ''])
    expect(stored).toEqual(['some bytes'])
    expect(toy.calls).toMatchObject([
      {
        operation: 'PutObject',
        input: { Bucket: 'bucket', Key: 'up/photo.bin' },
        ctx: { caller: { account: toyKey.account, region: 'eu-north-1', accessKeyId: toyKey.accessKeyId } },
      },
    ])
  })

  test('of temporary credentials carry their token, and are nothing without it', async () => {
    expect((await post(form('session'))).status).toBe(204)
    expect(toy.calls[0]?.ctx.caller.accessKeyId).toBe(toySession.accessKeyId)
    const without = await post(form('session'), { 'x-amz-security-token': undefined })
    expect([without.status, without.text]).toEqual([400, expect.stringContaining('<Code>InvalidToken</Code>')])
    expect(stored).toHaveLength(1)
  })

  test('allow what their policy says and no more', async () => {
    const conditions = form('conditions')
    const made = await post(conditions, { 'x-amz-meta-note': 'n1' })
    expect(made.status).toBe(201)
    expect(made.text).toContain('<Key>up/photo.bin</Key>')
    expect(toy.calls[0]?.input).toMatchObject({ Metadata: { note: 'n1' } })
    const refusals: [Record<string, string>, string, RegExp][] = [
      [{ 'x-amz-meta-note': 'x' }, 'a', /AccessDenied.*Policy Condition failed: .*x-amz-meta-note/],
      [{ 'x-amz-meta-note': 'n', key: 'else/where' }, 'a', /Policy Condition failed: .*\$key/],
      [{ 'x-amz-meta-note': 'n', 'x-amz-meta-more': '1' }, 'a', /Extra input fields: x-amz-meta-more/],
      [{ 'x-amz-meta-note': 'n' }, 'a'.repeat(1001), /EntityTooLarge/],
      [{ 'x-amz-meta-note': 'n' }, '', /EntityTooSmall/],
    ]
    for (const [changes, content, expected] of refusals) {
      const refused = await post(conditions, changes, content)
      expect(refused.text).toMatch(expected)
      expect(refused.status).toBeGreaterThanOrEqual(400)
    }
    expect(stored).toHaveLength(1)
    const elsewhere = { ...conditions, url: conditions.url.replace('/bucket', '/bucket2') }
    expect((await post(elsewhere, { 'x-amz-meta-note': 'n' })).text).toMatch(/Policy Condition failed: .*bucket/)
  })

  test.each([
    ['image/png', 204],
    ['image/png,image/gif', 204],
    ['image/png, image/gif', 204],
    ['image/png,text/html', 403],
    ['text/html,image/png', 403],
    ['text/html', 403],
  ])('under starts-with image/, the content type %s is answered %i', async (type, status) => {
    const answer = await post(form('types'), { 'Content-Type': type })
    expect(answer.status).toBe(status)
    expect(stored).toHaveLength(status === 204 ? 1 : 0)
    if (status === 403) expect(answer.text).toContain('Policy Condition failed')
  })

  test('are refused when the policy, its signature or its key was changed', async () => {
    const { fields } = form('plain')
    const wider = Buffer.from(fields.policy ?? '', 'base64')
      .toString()
      .replace('bucket', 'bucke')
    const changes: [Record<string, string | undefined>, RegExp][] = [
      [{ signature: flipped(fields.signature) }, /SignatureDoesNotMatch/],
      [{ signature: '' }, /SignatureDoesNotMatch/],
      [{ signature: undefined }, /InvalidRequest.*AWSAccessKeyId and signature/],
      [{ policy: Buffer.from(wider).toString('base64') }, /SignatureDoesNotMatch/],
      [{ policy: undefined }, /AccessDenied/],
      [{ AWSAccessKeyId: 'AKIANOBODY' }, /InvalidAccessKeyId/],
      [{ AWSAccessKeyId: toySession.accessKeyId }, /InvalidToken/],
      [{ AWSAccessKeyId: undefined }, /InvalidRequest.*AWSAccessKeyId and signature/],
      [{ AWSAccessKeyId: undefined, signature: undefined }, /InvalidRequest.*x-amz-algorithm/],
    ]
    for (const [change, expected] of changes) expect((await post(form('plain'), change)).text).toMatch(expected)
    expect(stored).toEqual([])
  })

  test.each(['late', 'late version 4'])('are over with their policy: %s', async (name) => {
    const { status, text } = await post(form(name))
    expect([status, text]).toEqual([403, expect.stringContaining('Invalid according to Policy: Policy expired.')])
    expect(stored).toEqual([])
  })

  test('of Signature Version 4 are stored too, and an older signature added to one proves nothing', async () => {
    expect((await post(form('version 4'))).status).toBe(204)
    const { AWSAccessKeyId, signature } = form('plain').fields
    const spoiled = { 'x-amz-signature': '0'.repeat(64), AWSAccessKeyId, signature }
    expect((await post(form('version 4'), spoiled)).text).toContain('SignatureDoesNotMatch')
    expect(stored).toHaveLength(1)
  })
})
