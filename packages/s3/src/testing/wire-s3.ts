import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { S3Client, type S3ClientConfig } from '@aws-sdk/client-s3'
import type { AccessKey } from '@sagebrush/core'
import type { S3 } from '../open-s3.ts'
import { openTestS3, type TestAdapters, type TestS3 } from './test-s3.ts'

/** Answers signed requests of these keys with S3: the gateway, which a service may not import itself. */
export type Attach = (server: Server, s3: S3, keys: readonly AccessKey[], log: (failure: unknown) => void) => void

export interface WireS3 extends AsyncDisposable {
  readonly test: TestS3
  readonly endpoint: string
  /** What the gateway logged as failures that no client is told. */
  readonly failures: readonly unknown[]
  client(config?: S3ClientConfig & { readonly account?: string }): S3Client
}

export async function openWireS3(adapters: TestAdapters, attach: Attach): Promise<WireS3> {
  const test = await openTestS3(adapters)
  const accounts = ['111122223333', '444455556666']
  const keys = accounts.map((account) => ({
    accessKeyId: `AKIA${account}`,
    secretAccessKey: `secret/of+${account}`,
    account,
    arn: `arn:aws:iam::${account}:user/ada`,
    userId: `AIDA${account}`,
  }))
  const failures: unknown[] = []
  const server = createServer()
  attach(server, test.s3, keys, (failure) => failures.push(failure))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const clients: S3Client[] = []
  return {
    test,
    endpoint,
    failures,
    client({ account = '111122223333', ...config } = {}) {
      const key = keys.find((one) => one.account === account)
      if (!key) throw new Error(`there is no key of account ${account}`)
      const client = new S3Client({
        endpoint,
        region: 'us-east-1',
        credentials: { accessKeyId: key.accessKeyId, secretAccessKey: key.secretAccessKey },
        forcePathStyle: true,
        maxAttempts: 1,
        ...config,
      })
      clients.push(client)
      return client
    },
    async [Symbol.asyncDispose]() {
      for (const client of clients) client.destroy()
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
      await test[Symbol.asyncDispose]()
    },
  }
}
