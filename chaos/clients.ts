import { CloudWatchLogs } from '@aws-sdk/client-cloudwatch-logs'
import { S3 } from '@aws-sdk/client-s3'
import { SageMaker } from '@aws-sdk/client-sagemaker'
import { SageMakerRuntime } from '@aws-sdk/client-sagemaker-runtime'
import { readClientFacts } from '@sagebrush/server/client'

export const bucket = 'chaos'
export const image = '683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-scikit-learn:1.2-1-cpu-py3'

export interface Clients {
  readonly sagemaker: SageMaker
  readonly runtime: SageMakerRuntime
  readonly logs: CloudWatchLogs
  readonly s3: S3
  readonly roleArn: string
  close(): void
}

/** AWS's own clients; one attempt each, so that every failed request is seen. */
export function openClients(home: string): Clients {
  const { url: endpoint, region, accessKeyId, secretAccessKey, roleArn } = readClientFacts(home)
  const settings = { endpoint, region, credentials: { accessKeyId, secretAccessKey }, maxAttempts: 1 }
  const s3 = new S3({ ...settings, forcePathStyle: true })
  const sagemaker = new SageMaker(settings)
  const runtime = new SageMakerRuntime(settings)
  const logs = new CloudWatchLogs(settings)
  return {
    ...{ sagemaker, runtime, logs, s3, roleArn },
    close: () => {
      for (const client of [s3, sagemaker, runtime, logs]) client.destroy()
    },
  }
}
