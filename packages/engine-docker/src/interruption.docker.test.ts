import { mkdtemp, rm } from 'node:fs/promises'
import { connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { allLines, finalState, testSpec, until } from '@sagebrush/engine-kit'
import { skipsFor } from '@sagebrush/testing'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { findContainer } from './container.ts'
import { openDockerEngine } from './index.ts'
import { containerName } from './options.ts'
import { type DockerHarness, dockerHarness, testAddress } from './testing.ts'

/** Ends well on SIGTERM, as a script does that knows of StopTrainingJob. */
const POLITE = 'trap "echo stopped; echo half > /opt/ml/model/m; exit 0" TERM; echo ready; while :; do sleep 0.05; done'
const objects = {
  async *read() {},
}

describe.skipIf(skipsFor('docker'))('a container engine that ends what it runs', () => {
  let harness: DockerHarness
  beforeAll(async () => {
    harness = await dockerHarness()
  })
  afterAll(async () => await harness.close())

  const ready = (engine: Awaited<ReturnType<DockerHarness['open']>>, id: string) =>
    until('the first line', async () => ((await allLines(engine, id)).lines.length > 0 ? true : undefined))

  test('a task that did not ask to be stopped is interrupted, though its script would end well on SIGTERM', async () => {
    const engine = await harness.open(objects)
    const outputs = [{ archive: 'model.tar.gz', path: '/opt/ml/model', always: true }]
    const spec = testSpec(harness.image, ['/bin/bash', '-c', POLITE], { entrypoint: [], outputs })
    await engine.start(spec)
    await ready(engine, spec.id)
    // What dockerd does to every container at its own end, unless it has live-restore.
    await harness.api.call('POST', `/containers/${containerName(harness.root, spec.id)}/stop`)
    const state = await finalState(engine, spec.id)
    expect(state).toMatchObject({
      phase: 'ended',
      exit: { stopped: false, signal: 'SIGPWR' },
      interruption: expect.stringMatching(/container engine.*restarted.*"docker stop".*"live-restore"/),
      outputs: [{ archive: 'model.tar.gz' }],
    })
    expect((await allLines(engine, spec.id)).lines.map(({ message }) => message)).toEqual(['ready'])
    await engine.remove(spec.id)
    await engine.close()
  })

  test('the same task that was asked to stop ends as its script does', async () => {
    const engine = await harness.open(objects)
    const spec = testSpec(harness.image, ['/bin/bash', '-c', POLITE], { entrypoint: [] })
    await engine.start(spec)
    await ready(engine, spec.id)
    await engine.stop(spec.id, 10_000)
    const state = await finalState(engine, spec.id)
    expect(state).toMatchObject({ phase: 'ended', exit: { stopped: true, code: 0 } })
    expect(state).not.toHaveProperty('interruption')
    await engine.remove(spec.id)
    await engine.close()
  })

  test('a container whose start was not answered is taken for what it is, not begun again', async () => {
    const socketPath = join(await mkdtemp(join(tmpdir(), 'cut-')), 'docker.sock')
    const cut = await cutOff(socketPath, /^POST \S+\/start /)
    const engine = await openDockerEngine({ ...harness.options, address: { socketPath }, objects })
    const spec = testSpec(harness.image, ['/bin/bash', '-c', 'echo $RANDOM-$RANDOM; exec sleep 60'], { entrypoint: [] })
    await engine.start(spec)
    const { id, started } = await until('the container', async () => {
      const container = await findContainer(harness.api, containerName(harness.root, spec.id))
      return container?.status === 'running' ? container : undefined
    })
    await until('the end of the launch', async () =>
      (await engine.observe(spec.id)).phase === 'running' ? true : undefined,
    )
    expect(cut.count()).toBe(1)
    expect(await findContainer(harness.api, containerName(harness.root, spec.id))).toMatchObject({ id, started })
    expect((await allLines(engine, spec.id)).lines).toHaveLength(1)
    await engine.remove(spec.id)
    await engine.close()
    cut.close()
    await rm(dirname(socketPath), { recursive: true })
  })
})

/** A way to the engine that takes one such request to it, and cuts the connection before the answer is through. */
async function cutOff(socketPath: string, request: RegExp) {
  const address = testAddress()
  let count = 0
  const server = createServer((client) => {
    const engine = connect('socketPath' in address ? { path: address.socketPath } : address)
    let doomed = false
    client.on('data', (bytes) => {
      if (count === 0 && request.test(bytes.toString('latin1'))) {
        doomed = true
        count++
      }
      engine.write(bytes)
    })
    engine.on('data', (bytes) => (doomed ? client.destroy() : client.write(bytes)))
    client.on('close', () => engine.destroy()).on('error', () => {})
    engine.on('end', () => client.end()).on('error', () => client.destroy())
  })
  await new Promise<void>((resolve) => server.listen(socketPath, resolve))
  return { count: () => count, close: () => server.close() }
}
