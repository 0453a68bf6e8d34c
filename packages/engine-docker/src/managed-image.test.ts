import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { SharedWork } from '@sagebrush/task-folder'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { ArchiveWorker } from './archive/archive-worker.ts'
import { EngineApi } from './engine-api.ts'
import { containerForm } from './managed-image.ts'

let folder: string
let server: Server
let worker: ArchiveWorker
/** The builds that were asked for, whole, and are not answered yet. */
let builds: ServerResponse[]
let brokenOff: number
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'form-'))
  for (const name of ['environment', 'toolkit']) {
    await mkdir(join(folder, name))
    await writeFile(join(folder, name, 'file'), 'x')
  }
  builds = []
  brokenOff = 0
  server = createServer((request, response) => {
    if (!request.url?.includes('/build?')) {
      response.statusCode = 404
      response.end('{"message":"no such image"}')
      return
    }
    response.once('close', () => {
      if (!response.writableFinished) brokenOff++
    })
    request.resume().once('end', () => {
      response.write('{"stream":"Step 1 "}\n')
      builds.push(response)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  worker = new ArchiveWorker()
})
afterEach(async () => {
  await worker.close()
  server.closeAllConnections()
  server.close()
  await rm(folder, { recursive: true })
})

function maker() {
  const api = new EngineApi({ host: '127.0.0.1', port: (server.address() as AddressInfo).port })
  const places = { folder: join(folder, 'environment'), toolkit: join(folder, 'toolkit') }
  const built = { image: 'never', version: '1', python: '3.11.2', ...places, variables: {}, taskVariables: {} }
  const makings = new SharedWork<string>()
  return () => {
    const told: string[] = []
    const leave = new AbortController()
    const made = containerForm(api, worker, built, makings, (message) => told.push(message), leave.signal)
    made.catch(() => {})
    return { told, made, leave }
  }
}

test('an image is built once for all who wait for it', async () => {
  const make = maker()
  const [first, second] = [make(), make()]
  await expect.poll(() => builds.length).toBe(1)
  for (const { told } of [first, second])
    expect(told[0]).toBe('Making the container image of never 1 on debian:bookworm-slim')
  builds[0]?.end('{"stream":"done"}\n')
  const tags = await Promise.all([first.made, second.made])
  expect(tags[0]).toMatch(/^sagebrush\/never:1-[0-9a-f]{12}$/)
  expect(tags[1]).toBe(tags[0])
  expect(builds).toHaveLength(1)
})

test('its build is broken off when the last one has left, and not before', async () => {
  const make = maker()
  const [first, second] = [make(), make()]
  await expect.poll(() => builds.length).toBe(1)
  first.leave.abort(new Error('stopped'))
  await expect(first.made).rejects.toThrow('stopped')
  expect(brokenOff).toBe(0)
  second.leave.abort(new Error('stopped too'))
  await expect(second.made).rejects.toThrow('stopped too')
  await expect.poll(() => brokenOff).toBe(1)
})

test('why it could not be built is told, with the way out', async () => {
  const { made } = maker()()
  await expect.poll(() => builds.length).toBe(1)
  builds[0]?.end('{"error":"no space left"}\n')
  await expect(made).rejects.toThrow(
    'The container image of never 1 could not be made on debian:bookworm-slim: Step 1 no space left (Is debian:bookworm-slim there? "docker pull debian:bookworm-slim".)',
  )
})
