import type { Reconciling } from './reconciling.ts'

/**
 * Asks the engine to stop a task, once from this server: a stop is a change of which the engine hints, and the step
 * that the hint brings would ask again, for ever. The next server asks once more, which changes nothing.
 */
export async function stopOnce(ctx: Reconciling, taskId: string, graceMs: number): Promise<void> {
  if (ctx.stopping.has(taskId)) return
  await ctx.engine.stop(taskId, graceMs)
  ctx.stopping.add(taskId)
}

/** Lets go of all that this server holds about a task that is no more. */
export function forgetTask(ctx: Reconciling, taskId: string): void {
  ctx.owners.delete(taskId)
  ctx.stopping.delete(taskId)
  ctx.pump.forget(taskId)
}
