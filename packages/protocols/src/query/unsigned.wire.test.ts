import { Agent, type ClientRequest, request as httpRequest } from 'node:http'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { ToyServer } from '../testing/toy-server.ts'

const toy = new ToyServer()
beforeAll(() => toy.start({ without: ['AssumeRoleWithWebIdentity', 'AssumeRoleWithSAML'] }))
afterAll(() => toy.stop())

const MEGABYTE = 1_000_000
const action = 'Action=AssumeRoleWithWebIdentity&Version=2011-06-15'
const named = '501 NotImplemented: AssumeRoleWithWebIdentity of AWS Security Token Service'
const refused = '403 MissingAuthenticationToken: Request is missing Authentication Token'
const filler = (length: number) => `WebIdentityToken=${'x'.repeat(length - 'WebIdentityToken='.length)}`

interface Sent {
  /** Status, code and the first words of the message. */
  readonly said: string
  readonly seconds: number
  readonly request: ClientRequest
}

/** Sends the text; the body ends only where that is all that is `declared`. Undefined: chunked, and more is to come. */
function post(text: string, declared: number | undefined, agent?: Agent): Promise<Sent> {
  const began = performance.now()
  return new Promise((resolve, reject) => {
    const headers = {
      'Content-Type': 'application/x-www-form-urlencoded',
      ...(declared === undefined ? { 'Transfer-Encoding': 'chunked' } : { 'Content-Length': declared }),
    }
    const request = httpRequest({ host: '127.0.0.1', port: toy.port, method: 'POST', headers, agent: agent ?? false })
    request.on('error', reject)
    request.on('response', async (response) => {
      let answer = ''
      for await (const part of response) answer += part
      const seconds = (performance.now() - began) / 1000
      const code = /<Code>(.*)<\/Code>/.exec(answer)?.[1]
      const words = /<Message>(.*?)(?: is not implemented.*)?<\/Message>/.exec(answer)?.[1]
      resolve({ said: `${response.statusCode} ${code}: ${words}`, seconds, request })
    })
    if (text.length === declared) request.end(text)
    else request.write(text)
  })
}

test.each([10 * MEGABYTE, 5_000])(
  'a body of %s bytes whose action is first is told what it asks for',
  async (length) => {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 })
    const body = `${action}&${filler(length)}`
    expect((await post(body, body.length, agent)).said).toBe(named)
    // The rest of it was let go, and the connection takes the next request.
    expect((await post(action, action.length, agent)).said).toBe(named)
    agent.destroy()
  },
)

test.each([
  ['with its length', 10 * MEGABYTE],
  ['chunked', undefined],
])('a body %s is answered by its first 4 KiB, before the rest has come', async (_, declared) => {
  const { said, seconds, request } = await post(`${action}&${filler(4096)}`, declared)
  request.destroy()
  expect(said).toBe(named)
  expect(seconds).toBeLessThan(1.5)
})

test.each([
  ['with its length', (text: string) => text.length],
  ['chunked', () => undefined],
])('a body %s whose action is not in its first 4 KiB is refused as unsigned', async (_, declared) => {
  const body = `${filler(4096)}&${action}`
  const { said, request } = await post(body, declared(body))
  request.destroy()
  expect(said).toBe(refused)
})

test('an action that is cut after the 4 KiB is not taken for another', async () => {
  const cut = 'Action=AssumeRoleWithSAML'
  const body = `${filler(4096 - 1 - cut.length)}&${cut}Tomorrow`
  expect((await post(body, body.length)).said).toBe(refused)
})

test.concurrent.each([
  ['nothing, with a length', '', 100, refused],
  ['nothing, chunked', '', undefined, refused],
  ['a part of the action, with a length', 'Action=AssumeRoleWithWebIdentity', 100, refused],
  ['a part of the action, chunked', 'Action=AssumeRoleWithWebIdentity', undefined, refused],
  ['the action, with a length', `${action}&`, 100, named],
])('a client that stalls after %s is answered in 2 s', { timeout: 10_000 }, async (_, text, declared, answer) => {
  const { said, seconds, request } = await post(text, declared)
  request.destroy()
  expect(said).toBe(answer)
  expect(seconds).toBeGreaterThan(1.9)
  expect(seconds).toBeLessThan(3.5)
})
