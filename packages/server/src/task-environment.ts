import type { RoleCredentials, Scope } from '@sagebrush/core'
import { proxyEnvironment } from './client-environment.ts'

/** What a server that listens tells its tasks. */
export interface TaskFacts {
  readonly url: string
  /** For the holder of an access key; absent where the proxy is off. */
  readonly proxyUrl?: ((accessKeyId: string) => string) | undefined
  /** The CA bundle where tasks can read it: the home is hidden from them. */
  readonly caBundle?: string | undefined
}

/** What a task's code needs to reach this server as its role, and as nobody else. */
export function taskEnvironment(facts: TaskFacts, scope: Scope, credentials: RoleCredentials): Record<string, string> {
  const proxyUrl = facts.proxyUrl?.(credentials.accessKeyId)
  return {
    AWS_ENDPOINT_URL: onTaskHost(facts.url),
    AWS_ACCESS_KEY_ID: credentials.accessKeyId,
    AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
    AWS_SESSION_TOKEN: credentials.sessionToken,
    AWS_REGION: scope.region,
    AWS_DEFAULT_REGION: scope.region,
    AWS_EC2_METADATA_DISABLED: 'true',
    ...proxyEnvironment(
      { proxyUrl: proxyUrl && onTaskHost(proxyUrl), caBundle: facts.caBundle && '{caBundle}' },
      { NO_PROXY: '{host}' },
    ),
  }
}

/** The URL at the address that the task's engine knows, as the engine's port asks for it. */
function onTaskHost(url: string): string {
  const { protocol, username, password, port } = new URL(url)
  const user = username === '' ? '' : `${username}:${password}@`
  return `${protocol}//${user}{host}:${port}`
}
