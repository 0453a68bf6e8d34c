import { iamOperations, stsOperations } from '@sagebrush/identity'
import { logsOperations } from '@sagebrush/logs'
import { runtimeOperations } from '@sagebrush/runtime'
import { s3Operations } from '@sagebrush/s3'
import { sageMakerOperations } from '@sagebrush/sagemaker'

/** Every operation that this server answers, by service: what docs/api-coverage.md is written from. */
export const operationTables = {
  sagemaker: sageMakerOperations,
  'sagemaker-runtime': runtimeOperations,
  s3: s3Operations,
  logs: logsOperations,
  sts: stsOperations,
  iam: iamOperations,
} as const
