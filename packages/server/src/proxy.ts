import type { Server } from 'node:http'
import type { AccessKeys } from '@sagebrush/core'
import { type Proxy as AwsProxy, openProxy } from '@sagebrush/proxy'
import type { Config } from './config/settings.ts'
import { openHomeCache, placeTaskBundle } from './home/home-cache.ts'
import type { Home } from './home/open-home.ts'
import type { ServerLog } from './log/server-log.ts'

export interface OpenForwardProxyOptions {
  readonly config: Config
  readonly home: Home
  readonly clock: () => Date
  readonly log: ServerLog
  readonly target: { attach(server: Pick<Server, 'on'>): void }
  readonly accessKeys: AccessKeys
}

export interface ForwardProxy extends AwsProxy {
  /** The same bundle where tasks can read it: the home is hidden from them. */
  readonly taskCaBundle: string
}

/** The proxy that answers for AWS's host names, on the server's own port; undefined where it is switched off. */
export async function openForwardProxy(options: OpenForwardProxyOptions): Promise<ForwardProxy | undefined> {
  const { config, home, clock, log, target, accessKeys } = options
  if (!config['proxy.enabled']) return undefined
  const proxy = await openProxy({
    folder: home.folder('proxy'),
    clock,
    target,
    passThrough: config['proxy.passThrough'],
    findKey: (accessKeyId) => accessKeys.find(accessKeyId),
    upstream: {
      proxy: process.env.HTTPS_PROXY ?? process.env.https_proxy ?? '',
      noProxy: process.env.NO_PROXY ?? process.env.no_proxy ?? '',
    },
    ...(process.env.SSL_CERT_FILE ? { caBundle: process.env.SSL_CERT_FILE } : {}),
    log: (level, message, fields) => log[level](message, fields),
  })
  return { ...proxy, taskCaBundle: placeTaskBundle(openHomeCache(config.cache, home.path), proxy.caBundle) }
}
