import type { RoleCredentials, Scope } from '@sagebrush/core'
import { proxyEnvironment } from './client-environment.ts'
import type { ClientFacts } from './home/client-files.ts'

/** What a task's code needs to reach this server as its role, and as nobody else. */
export function taskEnvironment(
  facts: Pick<ClientFacts, 'url' | 'proxyUrl' | 'taskCaBundle'>,
  scope: Scope,
  credentials: RoleCredentials,
): Record<string, string> {
  return {
    AWS_ENDPOINT_URL: facts.url,
    AWS_ACCESS_KEY_ID: credentials.accessKeyId,
    AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
    AWS_SESSION_TOKEN: credentials.sessionToken,
    AWS_REGION: scope.region,
    AWS_DEFAULT_REGION: scope.region,
    AWS_EC2_METADATA_DISABLED: 'true',
    ...proxyEnvironment({ proxyUrl: facts.proxyUrl, caBundle: facts.taskCaBundle }, {}),
  }
}
