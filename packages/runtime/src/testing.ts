import { mkdtemp, rm } from 'node:fs/promises'
import { createServer, type RequestListener } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Caller, Route } from '@sagebrush/core'
import { openRuntime, type Runtime, type RuntimeConfig, type RuntimeContext } from './index.ts'

export const caller: Caller = {
  account: '123456789012',
  region: 'us-east-1',
  accessKeyId: 'AKIATEST',
  arn: 'arn:aws:sts::123456789012:assumed-role/admin/session',
  userId: 'AROA:session',
}

/** A server on a Unix socket that answers like a serving task. */
export interface Task extends AsyncDisposable {
  readonly socketPath: string
}

export async function serveTask(listener: RequestListener): Promise<Task> {
  const folder = await mkdtemp(join(tmpdir(), 'runtime-test-'))
  const socketPath = join(folder, 'task.sock')
  const server = createServer(listener)
  await new Promise<void>((resolve) => server.listen(socketPath, resolve))
  return {
    socketPath,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
      await rm(folder, { recursive: true, force: true })
    },
  }
}

export function route(...variants: readonly { name: string; weight?: number; sockets: readonly string[] }[]): Route {
  return {
    logGroup: '/aws/sagemaker/Endpoints/e',
    variants: variants.map(({ name, weight = 1, sockets }) => ({
      name,
      weight,
      instances: sockets.map((socketPath, index) => ({
        taskId: `${name}-${index}`,
        address: { socketPath },
        logStream: `${name}/i-${index}`,
      })),
    })),
  }
}

export interface OpenRuntime extends AsyncDisposable {
  readonly runtime: Runtime
  context(more?: Partial<RuntimeContext>): RuntimeContext
}

export function open(config: Partial<RuntimeConfig> = {}): OpenRuntime {
  const runtime = openRuntime(config)
  return {
    runtime,
    context: (more) =>
      runtime.context({
        caller,
        requestId: 'request',
        signal: new AbortController().signal,
        waiter: false,
        headers: {},
        now: () => new Date(),
        ...more,
      }),
    [Symbol.asyncDispose]: () => runtime.close(),
  }
}
