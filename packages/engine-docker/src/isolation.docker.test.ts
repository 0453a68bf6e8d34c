import { readFile, stat } from 'node:fs/promises'
import { until } from '@sagebrush/engine-kit'
import { skipsFor } from '@sagebrush/testing'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { containerName } from './options.ts'
import { type Bench, openBench } from './testing-bench.ts'

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

describe.skipIf(skipsFor('docker'))('containers of several jobs', () => {
  let bench: Bench
  beforeAll(async () => {
    bench = await openBench()
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

describe.skipIf(skipsFor('docker'))('what a container sees', () => {
  let bench: Bench
  beforeAll(async () => {
    bench = await openBench()
  })
  afterAll(async () => await bench.close())

  /** Mount points of the container's own. */
  const MOUNTS = `awk '$5 ~ "^/opt" {print $5}' /proc/self/mountinfo | sort`

  test('of /opt/ml, only the folders of the contract are mounted; the rest is the image’s', async () => {
    const image = await bench.image('own', {
      Dockerfile: `FROM ${bench.base}\nCOPY note /opt/ml/code/note\nCOPY note /opt/ml/note\nCOPY note /opt/ml/model/note\n`,
      note: 'of the image\n',
    })
    const command = ['/bin/bash', '-c', `${MOUNTS}; cat /opt/ml/code/note /opt/ml/note; ls /opt/ml /opt/ml/model`]
    const outputs = [{ archive: 'checkpoints.tar.gz', path: '/opt/ml/checkpoints', always: false }]
    const training = await bench.end(await bench.begin(image, command))
    const own = [
      'of the image',
      'of the image',
      '/opt/ml:',
      'code',
      'input',
      'model',
      'note',
      'output',
      '',
      '/opt/ml/model:',
    ]
    expect(training.lines).toEqual(['/opt/ml/input', '/opt/ml/model', '/opt/ml/output', ...own])
    const kept = await bench.end(await bench.begin(image, command, { outputs }))
    expect(kept.lines.slice(0, 4)).toEqual(['/opt/ml/checkpoints', '/opt/ml/input', '/opt/ml/model', '/opt/ml/output'])
    // A model without artifacts is wholly the image's.
    const serving = await bench.end(await bench.begin(image, command, { serves: true }))
    const parts = ['of the image', 'of the image', '/opt/ml:', 'code', 'model', 'note', '', '/opt/ml/model:', 'note']
    expect(serving.lines).toEqual(parts)
  })

  test('nothing of the server’s home, and none of its powers', async () => {
    const { root } = bench.harness
    const stored = await bench.store('s3://b/x/', { object: 'as stored' })
    const script = `ls ${root} ${stored}; ls /var/run/docker.sock; head -c 10 /dev/vda; mknod /tmp/d b 8 0 && head -c 1 /tmp/d
      mount -t tmpfs none /mnt && echo MOUNTED; umount /opt/ml/input && echo UNMOUNTED; echo x > /proc/sysrq-trigger && echo SYSRQ
      grep -c ${root} /proc/self/mountinfo; echo changed > /opt/ml/input/data/x/object; chmod 777 /opt/ml/input/data/x/object; find / -xdev -name object`
    const { lines, state } = await bench.run(script, { inputs: bench.channel('s3://b/x/') })
    expect(state.phase).toBe('ended')
    expect(lines.filter((line) => /^(MOUNTED|UNMOUNTED|SYSRQ)/.test(line))).toEqual([])
    for (const path of [root, stored, '/var/run/docker.sock']) {
      expect(lines).toContain(`ls: cannot access '${path}': No such file or directory`)
    }
    expect(lines.join('\n')).toMatch(/head: cannot open '\/dev\/vda'/)
    expect(await readFile(stored, 'utf8')).toBe('as stored')
    expect((await stat(stored)).mode & 0o777).toBe(0o644)
  })
})
