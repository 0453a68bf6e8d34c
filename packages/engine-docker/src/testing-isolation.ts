import { until } from '@sagebrush/engine-kit'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { containerName } from './options.ts'
import type { Bench } from './testing-bench.ts'

/** Listens on every address; says so, and tells of every connection. */
const LISTEN = `python3 -u -c '
import socket
server = socket.create_server(("0.0.0.0", 9000))
print("listening")
while True:
    peer = server.accept()[0]
    print("reached by", peer.recv(100).decode())
    peer.sendall(b"welcome"); peer.close()'`

/** Connects to each of the places; prints \`<place> welcome\` or the name of what hinders it. */
const connect = (places: readonly string[]) => `python3 -u -c '
import os, socket, sys
for place in sys.argv[1:]:
    try:
        peer = socket.create_connection((place, 9000), 1)
        peer.sendall(os.uname().nodename.encode()); print(place, peer.recv(100).decode())
    except OSError as error: print(place, "hindered")' ${places.join(' ')}`

/** That jobs are kept from each other, and hosts of one job are not: the same for every container engine. */
export function isolationCases(open: () => Promise<Bench>): void {
  describe('containers of several jobs', () => {
    let bench: Bench
    beforeAll(async () => {
      bench = await open()
    })
    afterAll(async () => await bench.close())

    const listening = async (id: string) =>
      await until('a listener', async () => ((await bench.lines(id)).includes('listening') ? true : undefined))
    const addresses = async (id: string) => {
      const found = (await bench.harness.api.call(
        'GET',
        `/containers/${containerName(bench.harness.root, id)}/json`,
      )) as {
        Id: string
        NetworkSettings: { Networks: Record<string, { IPAddress: string }> }
      }
      const address = Object.values(found.NetworkSettings.Networks)[0]?.IPAddress ?? ''
      expect(address).toMatch(/^\d+\./)
      return [address, containerName(bench.harness.root, id), found.Id.slice(0, 12)]
    }

    test('of one host do not reach each other, by address or by name', async () => {
      const listener = await bench.start(LISTEN)
      await listening(listener)
      const places = await addresses(listener)
      const { lines } = await bench.run(`getent hosts algo-1; ${connect([...places, 'algo-1'])}`, { group: 'other' })
      for (const place of places) expect(lines).toContain(`${place} hindered`)
      expect(lines.at(-1)).toBe('algo-1 hindered') // its own name, where nobody listens
      expect(await bench.lines(listener)).toEqual(['listening'])
      await bench.engine.remove(listener)
    })

    test('of several hosts reach their peers by name, on any port, and nobody else', async () => {
      const hosts = ['algo-1', 'algo-2']
      const member = async (group: string, host: string, script: string) =>
        await bench.start(script, { host, hosts, group })
      const [first, second, third] = await Promise.all([
        member('one', 'algo-1', LISTEN),
        member('one', 'algo-2', LISTEN),
        member('two', 'algo-2', LISTEN),
      ])
      for (const id of [first, second, third]) await listening(id)
      const foreign = await addresses(third)
      const run = async (id: string, places: readonly string[]) => {
        const exec = { Cmd: ['/bin/bash', '-c', connect(places)], AttachStdout: true, Tty: true }
        const path = `/containers/${containerName(bench.harness.root, id)}/exec`
        const { Id } = (await bench.harness.api.call('POST', path, { json: exec })) as { Id: string }
        const answer = await bench.harness.api.stream('POST', `/exec/${Id}/start`, { json: { Tty: true } })
        let text = ''
        for await (const chunk of answer) text += chunk
        return text.split('\r\n')
      }
      expect(await run(first, [...hosts, ...foreign])).toEqual([
        'algo-1 welcome',
        'algo-2 welcome',
        ...foreign.map((place) => `${place} hindered`),
        '',
      ])
      expect(await bench.lines(second)).toEqual(['listening', 'reached by algo-1'])
      expect(await bench.lines(third)).toEqual(['listening'])
      const { lines } = await bench.run(connect([...foreign, ...(await addresses(first))]), { group: 'three' })
      expect(lines.map((line) => line.split(' ')[1])).toEqual(Array(6).fill('hindered'))
      for (const id of [first, second, third]) await bench.engine.remove(id)
    })
  })
}
