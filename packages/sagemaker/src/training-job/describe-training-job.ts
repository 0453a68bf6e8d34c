import type { DescribeTrainingJobResponse } from '@sagebrush/contract/sagemaker'
import { operation } from '../context.ts'
import { held } from '../hold.ts'
import { hintKey } from '../resource-key.ts'
import {
  DEFAULT_MAX_RUNTIME_SECONDS,
  isTerminal,
  modelArtifacts,
  secondaryStatus,
  type TrainingJob,
  trainingJobNotFound,
  warmPoolStatus,
} from './training-job.ts'

export const DescribeTrainingJob = operation('DescribeTrainingJob', async (input, ctx) => {
  const job = await held(
    ctx,
    hintKey('training-job', ctx.caller, input.TrainingJobName),
    async () => (await ctx.trainingJobs.get(ctx.caller, input.TrainingJobName))?.value,
    (found) => found !== undefined && !isTerminal(found),
  )
  if (!job) throw trainingJobNotFound()
  return describe(job)
})

/** The request's members with AWS's defaults filled in, and what has come of them. */
export function describe(job: TrainingJob): DescribeTrainingJobResponse {
  const { SessionChainingConfig: _notDescribed, ...request } = job.request
  const { trainingStart, trainingEnd } = job
  const seconds =
    trainingStart && trainingEnd
      ? Math.max(1, Math.round((trainingEnd.getTime() - trainingStart.getTime()) / 1000))
      : undefined
  const warm = warmPoolStatus(job)
  return {
    ...request,
    TrainingJobArn: job.arn,
    TrainingJobStatus: job.status,
    SecondaryStatus: secondaryStatus(job),
    ModelArtifacts: { S3ModelArtifacts: modelArtifacts(job) },
    ...(job.failureReason === undefined ? {} : { FailureReason: job.failureReason }),
    ...echoed(request),
    StoppingCondition: { MaxRuntimeInSeconds: DEFAULT_MAX_RUNTIME_SECONDS, ...request.StoppingCondition },
    CreationTime: job.created,
    LastModifiedTime: job.modified,
    ...(trainingStart ? { TrainingStartTime: trainingStart } : {}),
    ...(trainingEnd ? { TrainingEndTime: trainingEnd } : {}),
    ...(seconds === undefined ? {} : { TrainingTimeInSeconds: seconds, BillableTimeInSeconds: seconds }),
    ...(warm ? { WarmPoolStatus: { Status: warm, ResourceRetainedBillableTimeInSeconds: 0 } } : {}),
    ...(job.finalMetrics ? { FinalMetricDataList: [...job.finalMetrics] } : {}),
    SecondaryStatusTransitions: job.transitions.map(({ status, start, end, message }) => ({
      Status: status,
      StartTime: start,
      ...(end ? { EndTime: end } : {}),
      StatusMessage: message,
    })),
    ProfilingStatus: 'Disabled',
  }
}

/** Members that AWS answers with a default where the request left them out. */
function echoed(request: TrainingJob['request']): Partial<DescribeTrainingJobResponse> {
  return {
    EnableNetworkIsolation: request.EnableNetworkIsolation ?? false,
    EnableInterContainerTrafficEncryption: request.EnableInterContainerTrafficEncryption ?? false,
    EnableManagedSpotTraining: request.EnableManagedSpotTraining ?? false,
    OutputDataConfig: { KmsKeyId: '', CompressionType: 'GZIP', ...request.OutputDataConfig },
    ...(request.AlgorithmSpecification
      ? { AlgorithmSpecification: { EnableSageMakerMetricsTimeSeries: false, ...request.AlgorithmSpecification } }
      : {}),
    ...(request.InputDataConfig
      ? {
          InputDataConfig: request.InputDataConfig.map((channel) => {
            const s3 = channel.DataSource.S3DataSource
            return {
              CompressionType: 'None' as const,
              RecordWrapperType: 'None' as const,
              ...channel,
              DataSource: s3
                ? {
                    ...channel.DataSource,
                    S3DataSource: { S3DataDistributionType: 'FullyReplicated' as const, ...s3 },
                  }
                : channel.DataSource,
            }
          }),
        }
      : {}),
  }
}
