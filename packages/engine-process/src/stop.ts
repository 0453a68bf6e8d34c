import { recordStop } from '@sagebrush/task-folder'
import { pokeSupervisor } from './control-pipe.ts'
import { taskFiles } from './options.ts'

/** Asks the supervisor to end its task. */
export async function requestStop(root: string, id: string, graceMs: number): Promise<void> {
  await recordStop(root, id, graceMs)
  await pokeSupervisor(taskFiles(root, id).control)
}
