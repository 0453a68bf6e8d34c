import { once } from 'node:events'
import { createInterface } from 'node:readline'
import {
  type Clients,
  defineModel,
  deleteEndpoint,
  openClients,
  type ServerProcess,
  startJob,
  startServerProcess,
  untilInService,
} from '@sagebrush/dev-env'
import { afterAll, beforeAll, expect, test } from 'vitest'

let server: ServerProcess
let clients: Clients

beforeAll(async () => {
  server = await startServerProcess()
  clients = await openClients(server)
}, 60_000)
afterAll(() => server.close())

/** Follows a job; what was said, and in which state the job was when the first line of the script came. */
async function follow(job: string, script: string) {
  await startJob(clients, job, script)
  const child = server.spawn(['logs', job, '-f'])
  const ended = once(child, 'exit')
  let words = ''
  child.stderr?.on('data', (chunk) => {
    words += chunk
  })
  const lines: string[] = []
  let stateAtFirst: string | undefined
  if (!child.stdout) throw new Error('the output is not piped')
  for await (const line of createInterface({ input: child.stdout })) {
    lines.push(line)
    if (line !== 'first') continue
    stateAtFirst = (await clients.sagemaker.describeTrainingJob({ TrainingJobName: job })).TrainingJobStatus
  }
  const [exitCode] = await ended
  return { code: exitCode, lines, stateAtFirst, words }
}

test('-f prints lines as they come and ends with the job', { timeout: 300_000 }, async () => {
  const script = 'import time\nprint("first", flush=True)\ntime.sleep(3)\nprint("last")'
  const followed = await follow('good', script)
  expect(followed).toMatchObject({ code: 0, stateAtFirst: 'InProgress' })
  // What was done meanwhile goes beside the log.
  expect(followed.words).toMatch(/^Training: .+\n(.+\n)*Completed\n$/m)
  expect(followed.lines.filter((line) => ['first', 'last'].includes(line))).toEqual(['first', 'last'])
})

test('-f of a job that fails exits with 1 and its reason', { timeout: 300_000 }, async () => {
  const script = 'import time\nprint("first", flush=True)\ntime.sleep(2)\nraise ValueError("no sepals")'
  const followed = await follow('bad', script)
  expect(followed).toMatchObject({ code: 1, stateAtFirst: 'InProgress' })
  expect(followed.words).toMatch(/^Failed: AlgorithmError: [\s\S]*ValueError: no sepals/m)
  expect(followed.lines).toContain('ValueError: no sepals')
  // A finished one is printed whole, and its status is not asked for.
  const printed = await server.sagebrush(['logs', 'bad'])
  expect([printed.code, printed.stdout]).toEqual([0, `${followed.lines.join('\n')}\n`])
})

test('the log of an endpoint that is gone is printed', { timeout: 300_000 }, async () => {
  await defineModel(
    clients,
    'former',
    'def model_fn(folder):\n    print("loaded the former model", flush=True)\n    return 1\n',
  )
  await clients.sagemaker.createEndpoint({ EndpointName: 'former', EndpointConfigName: 'former' })
  await untilInService(clients, 'former')
  await deleteEndpoint(clients, 'former')
  const printed = await server.sagebrush(['logs', 'former'])
  expect([printed.code, printed.stderr]).toEqual([0, ''])
  expect(printed.stdout).toContain('loaded the former model\n')
  expect((await server.sagebrush(['logs', 'former', '-f'])).stderr).toBe('Deleted\n')
})

test('-f of an endpoint that fails ends with its reason', { timeout: 300_000 }, async () => {
  await defineModel(clients, 'broken', 'def model_fn(folder):\n    raise OSError("no weights")\n')
  await clients.sagemaker.createEndpoint({ EndpointName: 'broken', EndpointConfigName: 'broken' })
  const followed = await server.sagebrush(['logs', 'broken', '-f'])
  expect(followed.code).toBe(1)
  expect(followed.stdout).toContain('no weights')
  expect(followed.stderr).toMatch(/^Failed: .*primary container/m)
})
