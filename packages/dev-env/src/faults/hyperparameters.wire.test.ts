import { afterAll, beforeAll, expect, test } from 'vitest'
import { type DevEnv, startDevEnv } from '../index.ts'
import { Clients, ended, makeBucket, startTraining, trainingLog } from './fixtures.ts'

let env: DevEnv
let clients: Clients
beforeAll(async () => {
  env = await startDevEnv()
  clients = new Clients(env.client, env.facts.account)
})
afterAll(async () => {
  clients.destroy()
  await env.close()
})

/** Values as the SDK's framework estimators send them, JSON-encoded, and as generic ones do, bare. */
const values: Readonly<Record<string, unknown>> = {
  list: [1, 'two', 3.5, null],
  yes: true,
  no: false,
  nested: { a: { b: [1, { c: 'ü "quoted" \\ back' }] } },
  'with-dash': 0.001,
  snow: '雪 ☃ \u{1F600}',
  number: '007',
  float: '1e-5',
  long: 'y'.repeat(2498),
  spaces: '  both ends  ',
  lines: 'one\ntwo\ttab',
  shell: '$(touch /tmp/never) `id` ; rm -rf * && "x" \'y\'',
  empty: '',
  dashes: '--learning-rate=3',
}
const bare: Readonly<Record<string, string>> = {
  bareList: '[1, 2,3]',
  bareText: 'just text, with ünïcode',
  bareBool: 'True',
  bareZero: '00012',
  bareFloat: '1.10',
  bareEmpty: '',
  bareLong: 'z'.repeat(2500),
  'lr.decay/x': '0.5',
}

const REPORT = `
import json, os, sys
here = dict(os.environ)
print("REPORT " + json.dumps({
    "argv": sys.argv[1:],
    "file": json.load(open("/opt/ml/input/config/hyperparameters.json")),
    "hps": json.loads(here["SM_HPS"]),
}))
`

test('hyperparameters reach the script unchanged, whatever they are', async () => {
  const hyperparameters = {
    ...Object.fromEntries(Object.entries(values).map(([name, value]) => [name, JSON.stringify(value)])),
    ...bare,
  }
  const bucket = await makeBucket(clients)
  const name = await startTraining(clients, { bucket, code: { 'train.py': REPORT }, hyperparameters })
  const job = await ended(clients, name, 280)
  expect(job.FailureReason).toBeUndefined()
  expect(job.HyperParameters).toMatchObject(hyperparameters)
  const line = (await trainingLog(clients, name)).find((one) => one.startsWith('REPORT '))
  const report = JSON.parse(line?.slice(7) ?? '{}') as {
    readonly argv: readonly string[]
    readonly file: Readonly<Record<string, string>>
    readonly hps: Readonly<Record<string, unknown>>
  }
  expect(report.file).toMatchObject(hyperparameters)
  expect(report.hps).toMatchObject(values)
  const given = new Map<string, string>()
  for (let i = 0; i < report.argv.length; i += 2) given.set(report.argv[i] ?? '', report.argv[i + 1] ?? '')
  for (const [key, value] of Object.entries(values)) {
    const argument = given.get(`--${key}`) ?? 'not given'
    if (typeof value === 'string') expect([key, argument]).toEqual([key, value])
    else if (typeof value === 'boolean') expect([key, argument]).toEqual([key, value ? 'True' : 'False'])
    else if (typeof value === 'number') expect(Number(argument)).toBe(value)
    // A list or an object is one argument, which the script can parse.
    else expect(argument.length).toBeGreaterThan(5)
  }
  for (const [key, value] of Object.entries(bare)) {
    // As AWS's toolkit does: what reads as JSON is JSON, so that a list and a number come in Python's spelling.
    if (key === 'bareList' || key === 'bareFloat') continue
    expect([key, given.get(`--${key}`)]).toEqual([key, value])
  }
}, 300_000)
