import { skipsFor } from '@sagebrush/testing'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Networks } from './networks.ts'
import { homeLabel } from './options.ts'
import { type DockerHarness, dockerHarness } from './testing.ts'

describe.skipIf(skipsFor('docker'))('networks of an engine', () => {
  let harness: DockerHarness
  beforeAll(async () => {
    harness = await dockerHarness()
    await (await harness.open({ async *read() {} })).close() // makes the root
  })
  afterAll(async () => await harness.close())

  const networks = (separates: boolean) => {
    const objects = { async *read() {} }
    return new Networks(harness.api, { ...harness.options, objects }, async () => ({
      podman: false,
      rootless: false,
      separates,
    }))
  }
  const inspect = async (name: string) =>
    (await harness.api.call('GET', `/networks/${name}`)) as { Options: Record<string, string>; Id: string }

  test('that keeps the members of a bridge apart: one for all jobs of one host', async () => {
    const own = networks(true)
    const [one, two] = [await own.of('one', 1), await own.of('two', 1)]
    expect(one).toEqual(two)
    expect((await inspect(one.name)).Options).toEqual({ 'com.docker.network.bridge.enable_icc': 'false' })
    expect((await own.of('one', 2)).name).not.toBe(one.name)
    await own.removeAll()
  })

  test('that does not (no br_netfilter): each job has its own, and gives it back', async () => {
    const own = networks(false)
    await own.warm()
    const [one, two] = [await own.of('one', 1), await own.of('two', 1)]
    expect(one.subnet).not.toBe(two.subnet)
    expect(await own.of('one', 1)).toEqual(one)
    const shared = `sagebrush-${homeLabel(harness.root)}`
    expect(await harness.api.find('GET', `/networks/${shared}`)).toBeUndefined()
    await own.release('one')
    await own.release('two')
    const { Id } = await inspect((await own.of('three', 1)).name)
    expect(Id).toMatch(/^\w{64}$/)
    await own.release('three')
    await own.removeAll()
  })
})
