import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, expect, test } from 'vitest'
import { EngineApi } from './engine-api.ts'
import { removeContainer } from './remove-container.ts'

let server: Server | undefined
afterEach(() => server?.close())

/** An engine that gives these answers, one after the other. */
async function engineThatSays(answers: [status: number, message: string][]): Promise<EngineApi> {
  server = createServer((_, response) => {
    const [status, message] = answers.shift() ?? [500, 'asked too often']
    response.statusCode = status
    response.end(status === 204 ? '' : JSON.stringify({ message }))
  })
  await new Promise<void>((resolve) => server?.listen(0, '127.0.0.1', resolve))
  return new EngineApi({ host: '127.0.0.1', port: (server.address() as AddressInfo).port })
}

test('a container whose files are busy, or that is being removed already, is asked for again', async () => {
  const busy = 'driver "overlay2" failed to remove root filesystem: unlinkat /x: directory not empty'
  const answers: [number, string][] = [
    [500, busy],
    [409, 'removal of container c is already in progress'],
    [204, ''],
  ]
  await removeContainer(await engineThatSays(answers), 'c')
  expect(answers).toEqual([])
})

test('one that is gone is removed; what will not pass is told', async () => {
  await removeContainer(await engineThatSays([[404, 'No such container: c']]), 'c')
  const refusing = await engineThatSays([
    [403, 'not for you'],
    [204, ''],
  ])
  await expect(removeContainer(refusing, 'c')).rejects.toThrow('not for you')
})
