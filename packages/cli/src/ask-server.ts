import type { ServerRecord } from '@sagebrush/server/client'
import { UserError } from './explain.ts'

/** Asks the running server something that is no AWS operation; only who can read the home knows the token. */
export async function askServer(
  record: ServerRecord,
  method: 'GET' | 'POST',
  path: 'status' | 'gc' | 'end-work' | 'snapshot',
): Promise<Record<string, unknown>> {
  const response = await fetch(`${record.url}/_sagebrush/${path}`, {
    method,
    headers: { authorization: `Bearer ${record.token}` },
  })
  if (!response.ok) throw new UserError(`The server answered ${response.status}: ${await response.text()}`)
  return (await response.json()) as Record<string, unknown>
}
