import { pokeSupervisor, readJson, replaceJson } from './files.ts'
import { taskFiles } from './options.ts'

/** Asks the supervisor to end its task. A later, shorter grace counts; a longer one changes nothing. */
export async function requestStop(root: string, id: string, graceMs: number): Promise<void> {
  const files = taskFiles(root, id)
  const asked = (await readJson(files.stop)) as { graceMs: number } | undefined
  if (asked === undefined || graceMs < asked.graceMs) await replaceJson(files.stop, { graceMs })
  await pokeSupervisor(files.control)
}

export async function isStopRequested(root: string, id: string): Promise<boolean> {
  return (await readJson(taskFiles(root, id).stop)) !== undefined
}
