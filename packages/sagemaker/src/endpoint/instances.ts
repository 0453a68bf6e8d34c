import { ApiError, type Row } from '@sagebrush/core'
import { imageNote } from '../image-note.ts'
import { hintKey } from '../resource-key.ts'
import {
  type Deployment,
  type Endpoint,
  endpointLogGroup,
  type Instance,
  instancesOf,
  logStreamOf,
  type Variant,
} from './endpoint.ts'
import type { EndpointReconciling, Observed } from './reconciling.ts'
import { servingTask } from './serving-task.ts'

/** An endpoint has no end of its own: its tasks' credentials last a year. */
const CREDENTIALS_SECONDS = 365 * 86_400

function deployments(endpoint: Endpoint): Deployment[] {
  return [endpoint.current, endpoint.next].flatMap((deployment) => (deployment ? [deployment] : []))
}

/** Leads the engine's hints about these tasks, and their lines, to this endpoint. */
export function claim(ctx: EndpointReconciling, row: Row<Endpoint>): void {
  const key = hintKey('endpoint', row.scope, row.name)
  const open = (taskId: string, stream: string, header: readonly string[]) => {
    ctx.owners.set(taskId, key)
    ctx.pump.open(taskId, {
      scope: row.scope,
      group: endpointLogGroup(row.name),
      stream,
      created: row.value.modified,
      header,
    })
  }
  for (const { taskId, logStream } of row.value.retired) open(taskId, logStream, [])
  for (const variant of deployments(row.value).flatMap(({ variants }) => variants)) {
    const header = [imageNote(variant.image, variant.specifiedImage)]
    for (const instance of variant.instances) open(instance.taskId, logStreamOf(variant, instance), header)
  }
}

export async function look(ctx: Pick<EndpointReconciling, 'engine'>, endpoint: Endpoint): Promise<Observed> {
  const ids = [...deployments(endpoint).flatMap(instancesOf), ...endpoint.retired].map(({ taskId }) => taskId)
  return new Map(await Promise.all(ids.map(async (id) => [id, await ctx.engine.observe(id)] as const)))
}

/**
 * Hands to the engine what is wanted and not there, and resolves to what is seen then: an instance that can never be
 * started (its role is gone) is seen as failed. One that was ready and is gone has died, and is not started again.
 */
export async function startMissing(ctx: EndpointReconciling, row: Row<Endpoint>, seen: Observed): Promise<Observed> {
  const now = ctx.now()
  const observed = new Map(seen)
  const missing = deployments(row.value).flatMap(({ variants }) =>
    variants.flatMap((variant) =>
      variant.instances.flatMap((instance) => {
        const due = !instance.notBefore || instance.notBefore <= now
        return due && !instance.ready && seen.get(instance.taskId)?.phase === 'absent' ? [{ variant, instance }] : []
      }),
    ),
  )
  await Promise.all(
    missing.map(async ({ variant, instance }) => {
      const message = await start(ctx, row, variant, instance)
      if (message !== undefined) observed.set(instance.taskId, { phase: 'failed', fault: 'user', message, ended: now })
    }),
  )
  return observed
}

async function start(
  ctx: EndpointReconciling,
  row: Row<Endpoint>,
  variant: Variant,
  instance: Instance,
): Promise<string | undefined> {
  try {
    const serverEnvironment = variant.roleArn
      ? await ctx.taskEnvironment(
          row.scope,
          await ctx.roles.credentials(row.scope, variant.roleArn, 'SageMaker', CREDENTIALS_SECONDS),
        )
      : {}
    await ctx.engine.start(servingTask(row.scope, row.value, variant, instance, serverEnvironment))
    return undefined
  } catch (error) {
    if (error instanceof ApiError && error.fault === 'client') return error.message
    throw error
  }
}
