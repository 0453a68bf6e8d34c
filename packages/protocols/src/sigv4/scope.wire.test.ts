import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { sendRaw } from '../testing/raw-request.ts'
import { signedRequest } from '../testing/signed-request.ts'
import { ToyServer } from '../testing/toy-server.ts'

const toy = new ToyServer()
beforeAll(() => toy.start())
afterAll(() => toy.stop())
beforeEach(() => {
  toy.calls.length = 0
})

const list = (region?: string, service = 'sagemaker') =>
  signedRequest({
    service,
    ...(region === undefined ? {} : { region }),
    body: '{}',
    headers: [['X-Amz-Target', 'SageMaker.ListModels']],
  })

const get = (region?: string) =>
  signedRequest({ service: 's3', method: 'GET', target: '/b/k', ...(region === undefined ? {} : { region }) })

test('the region of the scope is the one of the call', async () => {
  expect((await sendRaw(toy.port, list('eu-central-1'))).status).toBe(200)
  expect((await sendRaw(toy.port, get('ap-south-1'))).status).toBe(200)
  expect(toy.calls.map(({ ctx }) => ctx.caller.region)).toEqual(['eu-central-1', 'ap-south-1'])
})

test.each([
  ['region', '/us-east-1/', '/eu-west-1/'],
  ['service', '/sagemaker/', '/logs/'],
])('a scope whose %s was changed is refused', async (_, from, to) => {
  const request = list()
  const headers = request.headers.map(([name, value]) => [name, value.replace(from, to)] as const)
  expect(headers).not.toEqual(request.headers)
  const answer = await sendRaw(toy.port, { ...request, headers })
  expect(answer.text).toContain('InvalidSignatureException')
  expect(toy.calls).toEqual([])
})

test.each(['..', 'EU-WEST-1', 'eu_west_1', 'eu west 1', 'eu%2fwest', 'x'.repeat(41)])(
  'a region that no name of AWS is like is refused though it was signed: %s',
  async (region) => {
    const words = 'Credential must have exactly 5 slash-delimited elements'
    expect((await sendRaw(toy.port, list(region))).text).toContain(words)
    const answer = await sendRaw(toy.port, get(region))
    expect([answer.status, answer.text]).toEqual([400, expect.stringContaining('AuthorizationHeaderMalformed')])
    expect(toy.calls).toEqual([])
  },
)

test.each(['a\tb', 'a  b', ' a \t b\t', 'a\t\tb'])(
  'white space within a header counts as one space: %j',
  async (sent) => {
    const target = { service: 's3', method: 'GET', target: '/b/k' }
    const signed = signedRequest({ ...target, headers: [['X-Amz-Meta-Words', 'a b']] })
    const headers = signed.headers.map(([name, value]) => [name, name === 'X-Amz-Meta-Words' ? sent : value] as const)
    expect((await sendRaw(toy.port, { ...signed, headers })).status).toBe(200)
  },
)

test('a service that no name of AWS is like is refused by its form', async () => {
  const answer = await sendRaw(toy.port, list('us-east-1', 'Sage_Maker'))
  expect(answer.text).toContain('Credential must have exactly 5 slash-delimited elements')
})
