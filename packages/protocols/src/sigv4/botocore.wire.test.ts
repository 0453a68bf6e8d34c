import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { botocorePython, botocoreTitle } from '../testing/botocore.ts'
import { type RawAnswer, type RawRequest, sendRaw } from '../testing/raw-request.ts'
import { ToyServer, toyKey, toySession } from '../testing/toy-server.ts'

const python = await botocorePython()

interface SignedRequest extends RawRequest {
  readonly kind: string
  readonly tampers: readonly string[]
}

const REFUSALS =
  /SignatureDoesNotMatch|InvalidSignatureException|InvalidClientTokenId|UnrecognizedClientException|InvalidAccessKeyId|XAmzContentSHA256Mismatch|BadDigest|AccessDenied|RequestTimeTooSkewed/

const toy = new ToyServer()
let requests: readonly SignedRequest[] = []

beforeAll(async () => {
  await toy.start()
  // A body proves itself only when it is read.
  toy.respond = async ({ input }) => {
    if (input.Body && !(input.Body instanceof Uint8Array)) {
      for await (const _ of input.Body as AsyncIterable<Uint8Array>);
    }
    return input.EndpointName ? { Body: new Uint8Array(0) } : {}
  }
  if (python) requests = signAll(python)
}, 120_000)

afterAll(() => toy.stop())

function signAll(command: string): readonly SignedRequest[] {
  const script = join(import.meta.dirname, '..', 'testing', 'sign_requests.py')
  const names = [toyKey.accessKeyId, toyKey.secretAccessKey, toySession.accessKeyId, toySession.sessionToken ?? '']
  const out = execFileSync(command, [script, `127.0.0.1:${toy.port}`, ...names], {
    encoding: 'utf8',
    maxBuffer: 1 << 28,
  })
  return out
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))
    .map((raw) => ({ ...raw, body: Buffer.from(raw.body, 'base64') }))
}

describe.skipIf(!python)(`requests signed by ${botocoreTitle(python)}`, () => {
  test('there are more than 300 of all services', () => {
    expect(requests.length).toBeGreaterThan(300)
    expect(new Set(requests.map(({ kind }) => kind)).size).toBe(14)
  })

  test('each is accepted', async () => {
    const refused: unknown[] = []
    for (const request of requests) {
      const answer = await sendRaw(toy.port, request)
      if (answer.status !== 200) refused.push({ ...describeRequest(request), answer: answer.text })
    }
    expect(refused).toEqual([])
    expect(toy.calls).toHaveLength(requests.length)
  })

  test('each is refused once anything in it is changed', async () => {
    const accepted: unknown[] = []
    let tried = 0
    for (const request of requests) {
      for (const kind of request.tampers) {
        tried++
        const answer = await sendRaw(toy.port, tamper(request, kind))
        if (!refuses(answer))
          accepted.push({ ...describeRequest(request), tamper: kind, answer: answer.status + answer.text })
      }
    }
    expect(accepted).toEqual([])
    expect(tried).toBeGreaterThan(1500)
    expect(toy.failures).toEqual([])
  })
})

function refuses(answer: RawAnswer): boolean {
  return answer.status >= 400 && answer.status < 500 && REFUSALS.test(answer.text)
}

function describeRequest({ kind, method, target, headers }: SignedRequest) {
  return { kind, method, target, headers: headers.map((pair) => pair.join(': ')) }
}

function tamper(request: SignedRequest, kind: string): RawRequest {
  const [path = '', query] = splitOnce(request.target, '?')
  switch (kind) {
    case 'path':
      return { ...request, target: `${path}x${query === undefined ? '' : `?${query}`}` }
    case 'query':
      return { ...request, target: `${path}?${query === undefined || query === '' ? '' : `${query}&`}added=1` }
    case 'signature':
      return edit(request, /Signature=([0-9a-f])/, (_, digit) => `Signature=${digit === '0' ? '1' : '0'}`)
    case 'date':
      return edit(request, /(\d{8}T\d{4})(\d)/, (_, head, digit) => `${head}${(Number(digit) + 1) % 6}`)
    case 'key':
      return edit(request, /(Credential=)(A)/, (_, head) => `${head}B`)
    case 'host':
      return withHeader(request, 'host', (value) => `other.${value}`)
    case 'target':
      return withHeader(request, 'x-amz-target', (value) => `${value}s`)
    case 'meta':
      return { ...request, headers: [...request.headers, ['x-amz-meta-more', 'unsigned']] }
    case 'body': {
      const body = Buffer.from(request.body)
      const at = request.kind === 's3-trailer' ? body.indexOf('\r\n') + 2 : body.length >> 1
      body.writeUInt8((body.readUInt8(at) + 1) % 256, at)
      return { ...request, body }
    }
    default:
      throw new Error(`no such tampering: ${kind}`)
  }
}

/** Changes the place where the signature stands: the Authorization and date headers, or the query. */
function edit(request: SignedRequest, pattern: RegExp, by: (...parts: string[]) => string): RawRequest {
  if (request.target.includes('X-Amz-Signature')) return { ...request, target: request.target.replace(pattern, by) }
  return { ...request, headers: request.headers.map(([name, value]) => [name, value.replace(pattern, by)]) }
}

function withHeader(request: SignedRequest, wanted: string, by: (value: string) => string): RawRequest {
  return {
    ...request,
    headers: request.headers.map(([name, value]) => [name, name.toLowerCase() === wanted ? by(value) : value]),
  }
}

function splitOnce(text: string, mark: string): [string, string | undefined] {
  const at = text.indexOf(mark)
  return at < 0 ? [text, undefined] : [text.slice(0, at), text.slice(at + 1)]
}
