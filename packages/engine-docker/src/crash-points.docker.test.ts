import { execFile } from 'node:child_process'
import { createServer, request, type Server } from 'node:http'
import { promisify } from 'node:util'
import type { ObjectReader } from '@sagebrush/core'
import { allLines, finalState, testSpec, until } from '@sagebrush/engine-kit'
import { skipsFor } from '@sagebrush/testing'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openDockerEngine } from './index.ts'
import { containerName } from './options.ts'
import { type Bench, openBench } from './testing-bench.ts'

const run = promisify(execFile)

/** Between an engine of ours and the container engine: after the call that matches, or before it, no answer comes any more. */
async function breakingProxy(to: string, at: RegExp, when: 'before' | 'after') {
  let reached = 0
  let broken = false
  const server: Server = createServer((asked, answer) => {
    const mine = at.test(`${asked.method} ${asked.url}`)
    if (mine) reached++
    if (broken || (mine && when === 'before')) {
      broken = true
      return // hangs, as a server that is killed there
    }
    if (mine) broken = true
    const passed = request({
      socketPath: to,
      method: asked.method,
      path: asked.url,
      headers: asked.headers,
      agent: false,
    })
    asked.pipe(passed)
    passed.on('response', (response) => {
      if (mine) return void response.resume() // done, but nobody hears of it
      answer.writeHead(response.statusCode ?? 0, response.headers)
      response.pipe(answer)
    })
    passed.on('error', () => answer.destroy())
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  if (typeof address !== 'object' || !address) throw new Error('no address')
  return {
    address: { host: '127.0.0.1', port: address.port },
    reached: async () => await until(`${at}`, async () => (reached > 0 ? true : undefined)),
    close: () => {
      server.closeAllConnections()
      server.close()
    },
  }
}

const STEPS: readonly (readonly [string, RegExp])[] = [
  ['asking for the image', /^GET .*\/images\/sha256/],
  ['looking for the network', /^GET .*\/networks\/sagebrush-/],
  ['making a volume', /^POST .*\/volumes\/create/],
  ['making the container', /^POST .*\/containers\/create\?name=sagebrush-\w+-test-/],
  ['unpacking the archive', /^PUT .*-test-\w+\/archive/],
  ['starting the container', /^POST .*-test-\w+\/start/],
  ['following the log', /^GET .*-test-\w+\/logs/],
  ['taking the last lines', /^GET .*\/containers\/\w{64}\/logs\?.*tail/],
  ['taking the failure', /^GET .*\/containers\/\w{64}\/archive\?path=%2Fopt%2Fml%2Foutput%2Ffailure/],
  ['taking the model', /^GET .*\/containers\/\w{64}\/archive\?path=%2Fopt%2Fml%2Fmodel/],
]

describe.skipIf(skipsFor('docker'))('an engine that is gone at', () => {
  let bench: Bench
  let archive: Buffer
  beforeAll(async () => {
    bench = await openBench()
    const { stdout } = await run('sh', ['-c', 'cd "$(mktemp -d)" && echo stored > m && tar -cz m && rm -r "$PWD"'], {
      encoding: 'buffer',
    })
    archive = stdout
    await bench.store('s3://b/x/', { object: 'an object' })
    await bench.store('s3://b/a', { a: archive })
  })
  afterAll(async () => await bench.close())

  describe.each(['before', 'after'] as const)('the moment %s', (when) => {
    test.each(STEPS)('%s: the next one goes on, and nothing is there twice', async (_, at) => {
      if (!('socketPath' in bench.harness.options.address)) return
      await bench.engine.close() // its networks go too, so that they are made anew
      const proxy = await breakingProxy(bench.harness.options.address.socketPath, at, when)
      const { api, options } = bench.harness
      const objects: ObjectReader = bench.objects
      const killed = await openDockerEngine({ ...options, address: proxy.address, objects })
      const task = testSpec(
        bench.harness.image,
        ['/bin/bash', '-c', 'cat /opt/ml/input/data/x/object /opt/ml/model/m; echo once >> /opt/ml/model/m; exit 3'],
        {
          inputs: [
            ...bench.channel('s3://b/x/'),
            { kind: 'archive', path: '/opt/ml/model', source: { kind: 'object', uri: 's3://b/a' } },
          ],
          outputs: [{ archive: 'model.tar.gz', path: '/opt/ml/model', always: true }],
        },
      )
      await killed.start(task)
      const watch = setInterval(() => void killed.observe(task.id).catch(() => {}), 20)
      await proxy.reached()
      await new Promise((resolve) => setTimeout(resolve, 30))
      clearInterval(watch)
      // As a kill would: nothing that it began is awaited. Its calls break off, and it must do no more.
      const closed = killed.close()
      proxy.close()
      await closed
      bench.engine = await bench.harness.open(objects)
      const state = await finalState(bench.engine, task.id)
      expect(state).toMatchObject({ phase: 'ended', exit: { code: 3 }, lastLines: ['an objectstored'] })
      const { lines } = await allLines(bench.engine, task.id)
      expect(lines.map(({ message }) => message)).toEqual(['an objectstored'])
      const file = (state.phase === 'ended' && state.outputs[0]?.file) || ''
      expect((await run('tar', ['-xzOf', file])).stdout).toBe('stored\nonce\n')
      const label = JSON.stringify({ label: [`sagebrush.task=${task.id}`] })
      const made = (await api.call('GET', '/containers/json', { query: { all: true, filters: label } })) as object[]
      expect(made).toHaveLength(1)
      await bench.engine.remove(task.id)
      expect(await bench.harness.leftovers()).toEqual([])
    })
  })

  test('the start, of which nobody hears, of a container that is then removed by hand: lost, and not run twice', async () => {
    if (!('socketPath' in bench.harness.options.address)) return
    const proxy = await breakingProxy(bench.harness.options.address.socketPath, /^POST .*-test-\w+\/start/, 'after')
    const { api, options, root } = bench.harness
    const killed = await openDockerEngine({ ...options, address: proxy.address, objects: bench.objects })
    const task = testSpec(bench.harness.image, ['/bin/bash', '-c', 'sleep 1000'])
    await killed.start(task)
    await proxy.reached()
    const container = `/containers/${containerName(root, task.id)}`
    await until('the start', async () => {
      const { State } = (await api.call('GET', `${container}/json`)) as { State: { Running: boolean } }
      return State.Running ? true : undefined
    })
    const closed = killed.close()
    proxy.close()
    await closed
    await api.call('DELETE', container, { query: { force: true, v: true } })
    await bench.reopen()
    const state = await finalState(bench.engine, task.id)
    expect(state).toMatchObject({ phase: 'failed', fault: 'platform' })
    expect(state.phase === 'failed' && state.message).toContain('somebody removed it ("docker rm")')
    expect(await api.find('GET', `${container}/json`)).toBeUndefined()
    await bench.engine.remove(task.id)
    expect(await bench.harness.leftovers()).toEqual([])
  })
})
