import type { IncomingMessage, ServerResponse } from 'node:http'
import { createGateway, type Gateway, hostService } from '@sagebrush/protocols'
import type { Config } from './config/settings.ts'
import type { ServerLog } from './log/server-log.ts'
import type { Services } from './open-services.ts'

export interface OpenGatewayOptions {
  readonly services: Services
  readonly config: Config
  readonly clock: () => Date
  readonly log: ServerLog
  readonly before: (request: IncomingMessage, response: ServerResponse) => boolean
}

/** One listener for every service. */
export function openGateway({ services, config, clock, log, before }: OpenGatewayOptions): Gateway {
  const { sagemaker, runtime, s3, logs, identity } = services
  return createGateway({
    services: [
      hostService({ model: 'sagemaker', operations: sagemaker.operations, context: sagemaker.context }),
      hostService({
        model: 'sagemaker-runtime',
        operations: runtime.operations,
        context: runtime.context,
        bodyLimitBytes: config['limits.invokeBodyBytes'],
      }),
      hostService({ model: 's3', operations: s3.operations, context: s3.context }),
      hostService({
        model: 'logs',
        operations: logs.operations,
        context: (request) => ({ ...request, ...logs.context }),
      }),
      hostService({
        model: 'sts',
        operations: identity.sts.operations,
        context: (request) => ({ ...request, ...identity.sts.context }),
      }),
      hostService({
        model: 'iam',
        operations: identity.iam.operations,
        context: (request) => ({ ...request, ...identity.iam.context }),
      }),
    ],
    accessKeys: identity.accessKeys,
    now: clock,
    clockSkewMs: config['limits.clockSkewSeconds'] * 1000,
    defaultRegion: config.region,
    log: ({ error, ...failure }) => log.error('a request failed', { ...failure, error }),
    answered: (request) => log.debug('answered', { ...request }),
    before,
  })
}
