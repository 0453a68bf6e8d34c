import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { EngineApi } from './engine-api.ts'
import { emptyVolumes } from './volumes.ts'

let folder: string
let server: Server
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'volumes-'))
})
afterEach(async () => {
  server.close()
  await rm(folder, { recursive: true })
})

/** An engine that has these volumes, each with a file in it. */
async function engineWith(volumes: { Name: string; at: string; Options?: object }[]): Promise<EngineApi> {
  const told = await Promise.all(
    volumes.map(async ({ at, ...volume }) => {
      const Mountpoint = join(folder, at)
      await mkdir(join(Mountpoint, 'below'), { recursive: true })
      await writeFile(join(Mountpoint, 'below', 'file'), 'x')
      return { Options: null, Labels: {}, ...volume, Mountpoint }
    }),
  )
  server = createServer((_, response) => void response.end(JSON.stringify({ Volumes: told })))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return new EngineApi({ host: '127.0.0.1', port: (server.address() as AddressInfo).port })
}

test('a volume of files is emptied here, and its folder stays; what is mounted, or lies elsewhere, is left alone', async () => {
  const api = await engineWith([
    { Name: 'files', at: 'files/_data' },
    { Name: 'view', at: 'view/_data', Options: { type: 'overlay', device: 'overlay', o: 'lowerdir=/x' } },
    { Name: 'odd', at: 'elsewhere' },
  ])
  await emptyVolumes(api, '/root-of-tasks', 't')
  expect(await readdir(join(folder, 'files/_data'))).toEqual([])
  expect(await readdir(join(folder, 'view/_data/below'))).toEqual(['file'])
  expect(await readdir(join(folder, 'elsewhere/below'))).toEqual(['file'])
})

test('a volume that is on another machine is none of ours', async () => {
  const api = await engineWith([{ Name: 'away', at: 'away/_data' }])
  await rm(join(folder, 'away'), { recursive: true })
  await emptyVolumes(api, '/root-of-tasks', 't')
  expect(await readdir(folder)).toEqual([])
})
