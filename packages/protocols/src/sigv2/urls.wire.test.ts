import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { botocorePython, botocoreTitle } from '../testing/botocore.ts'
import { ToyServer, toyKey, toySession } from '../testing/toy-server.ts'

const python = await botocorePython()

interface PresignedUrl {
  readonly method: string
  readonly operation: string
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
}

const toy = new ToyServer()
let urls: readonly PresignedUrl[] = []
beforeAll(async () => {
  await toy.start({ defaultRegion: 'eu-north-1' })
  toy.respond = async ({ input }) => {
    if (input.Body) for await (const _ of input.Body as AsyncIterable<Uint8Array>);
    return {}
  }
  if (!python) return
  const script = join(import.meta.dirname, '..', 'testing', 'presign_urls.py')
  const names = [toyKey.accessKeyId, toyKey.secretAccessKey, toySession.accessKeyId, toySession.sessionToken ?? '']
  const out = execFileSync(python, [script, toy.url, ...names], { encoding: 'utf8' })
  urls = out
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))
}, 120_000)
afterAll(() => toy.stop())

const late = ({ url }: PresignedUrl) => url.includes('/late?')

async function ask({ method, url, headers }: PresignedUrl): Promise<{ status: number; text: string }> {
  const body = method === 'PUT' ? 'some bytes' : undefined
  const answer = await fetch(url, { method, headers, body: body && Buffer.from(body) })
  return { status: answer.status, text: await answer.text() }
}

describe.skipIf(!python)(`URLs that ${botocoreTitle(python)} signs by default`, () => {
  test('are of Signature Version 2, and reach their operation with their key, bucket and region', async () => {
    expect(urls.length).toBeGreaterThan(30)
    for (const one of urls.filter((url) => !late(url))) {
      expect(one.url).toMatch(/[?&]AWSAccessKeyId=.*Signature=|Signature=.*AWSAccessKeyId=/)
      toy.calls.length = 0
      const { status, text } = await ask(one)
      expect(status, `${one.method} ${one.url} ${text}`).toBeLessThan(300)
      const [call] = toy.calls
      expect(call?.operation.toLowerCase()).toBe(one.operation.replaceAll('_', ''))
      expect(call?.ctx.caller).toMatchObject({ region: 'eu-north-1', account: toyKey.account })
    }
  })

  test('carry headers to who has only the URL', async () => {
    toy.calls.length = 0
    const one = urls.find(({ url }) => url.includes('x-amz-meta-who'))
    if (!one) throw new Error('no URL with metadata')
    await ask(one)
    expect(toy.calls[0]?.input).toMatchObject({ Metadata: { who: 'ada' }, ServerSideEncryption: 'AES256' })
  })

  test('are refused when anything in them was changed', async () => {
    for (const one of urls.filter((url) => !late(url))) {
      toy.calls.length = 0
      const changes = [
        one.url.replace('/bucket/', '/bucket2/'),
        one.url.replace('?', '2?'),
        one.url.replace(/Expires=(\d+)/, (_, seconds) => `Expires=${Number(seconds) + 1}`),
        one.url.replace(/([?&]Signature=)(.)/, (_, name, first) => `${name}${first === 'A' ? 'B' : 'A'}`),
        `${one.url}&acl`,
        `${one.url}&tagging=`,
        `${one.url}&attributes`,
        `${one.url}&uploadId=1`,
        `${one.url}&x-amz-acl=public-read`,
        ...(one.url.includes('x-amz-security-token') ? [one.url.replace(/&?x-amz-security-token=[^&]*/, '')] : []),
      ]
      for (const url of changes.filter((changed) => changed !== one.url)) {
        const { status, text } = await ask({ ...one, url })
        expect([400, 403], url).toContain(status)
        if (one.method !== 'HEAD') expect(text).toMatch(/SignatureDoesNotMatch|InvalidToken/)
      }
      const otherMethod = await ask({ ...one, method: one.method === 'DELETE' ? 'GET' : 'DELETE' })
      expect(otherMethod.status).toBe(403)
      const header = await ask({ ...one, headers: { ...one.headers, 'x-amz-meta-added': 'x' } })
      expect(header.status).toBe(403)
      expect(toy.calls).toEqual([])
    }
  })

  test('expire', async () => {
    const one = urls.find(late)
    if (!one) throw new Error('no URL that is over')
    const { status, text } = await ask(one)
    expect(status).toBe(403)
    expect(text).toContain('<Code>AccessDenied</Code><Message>Request has expired</Message><Expires>')
  })
})

test('a URL without all of the signature, or with a date that is none, is told so', async () => {
  const without = await fetch(`${toy.url}/bucket/key?AWSAccessKeyId=${toyKey.accessKeyId}&Expires=1`)
  expect(without.status).toBe(403)
  expect(await without.text()).toContain(
    'Query-string authentication requires the Signature, Expires and AWSAccessKeyId parameters',
  )
  const date = await fetch(`${toy.url}/bucket/key?AWSAccessKeyId=A&Signature=x&Expires=tomorrow`)
  expect(await date.text()).toContain('Invalid date (should be seconds since epoch): tomorrow')
  const unknown = await fetch(`${toy.url}/bucket/key?AWSAccessKeyId=AKIANOBODY&Signature=x&Expires=99999999999`)
  expect([unknown.status, await unknown.text()]).toEqual([403, expect.stringContaining('InvalidAccessKeyId')])
})
