import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import type { Bench } from './bench.ts'
import { figure } from './figure.ts'
import { createEchoModel, createEndpoint, deleteEndpoint, type Lab, openLab } from './lab.ts'
import type { Load, LoadResult } from './load/generator.ts'
import { alternate, median } from './measure.ts'
import { ended, taskSocket } from './serving-process.ts'

const path = '/endpoints/echo/invocations'
const rounds = 7
const single = { connections: 1, requests: 1500 }
const many = { connections: 16, requests: 6000 }

export const invoke: Bench = {
  name: 'invoke',
  measures: 'signed InvokeEndpoint beside the task itself, and beside a bare unsigned proxy at 16 connections',
  async *run(say) {
    const lab = await openLab()
    const children: ChildProcess[] = []
    try {
      await createEchoModel(lab, 'echo', {})
      say('starting the endpoint')
      await createEndpoint(lab, 'echo', 'echo')
      const socket = taskSocket(lab.home)
      const generator = fork(new URL('load/generator.ts', import.meta.url))
      const proxy = fork(new URL('load/bare-proxy.ts', import.meta.url), [socket, '/invocations'])
      children.push(generator, proxy)
      const [{ port }] = await once(proxy, 'message')

      const through = signed(lab)
      const direct = { address: { path: socket }, host: 'localhost', path: '/invocations' }
      const bare = { address: { host: '127.0.0.1', port }, host: `127.0.0.1:${port}`, path: '/' }
      say('warming up')
      for (const way of [through, direct, bare]) await send(generator, { ...way, ...many })

      say(`one connection: ${rounds} × ${single.requests} requests each, in turns`)
      const p50 = async (way: Way) => median((await send(generator, { ...way, ...single })).latencies)
      const added = await alternate(
        rounds,
        () => p50(through),
        () => p50(direct),
      )
      yield figure({
        name: 'invoke-added-p50',
        ours: median(added.ours),
        peer: median(added.peer),
        unit: 'ms',
        n: rounds * single.requests,
        target: { of: 'difference', atMost: 0.6 },
      })

      say(`${many.connections} connections: ${rounds} × ${many.requests} requests each, in turns`)
      const rate = async (way: Way) => many.requests / (await send(generator, { ...way, ...many })).seconds
      const rates = await alternate(
        rounds,
        () => rate(through),
        () => rate(bare),
      )
      yield figure({
        name: 'invoke-rps',
        ours: median(rates.ours),
        peer: median(rates.peer),
        unit: 'requests/s',
        n: rounds * many.requests,
        target: { of: 'ratio', atLeast: 0.45 },
      })
      await deleteEndpoint(lab, 'echo')
    } finally {
      await Promise.all(children.map(ended))
      await lab.close()
    }
  },
}

type Way = Pick<Load, 'address' | 'host' | 'path' | 'key'>

function signed({ facts }: Lab): Way {
  const { hostname, port, host } = new URL(facts.url)
  return { address: { host: hostname, port: Number(port) }, host, path, key: { ...facts, service: 'sagemaker' } }
}

async function send(generator: ChildProcess, load: Load): Promise<LoadResult> {
  generator.send(load)
  const [{ result, error }] = await once(generator, 'message')
  if (error) throw new Error(error)
  return result
}
