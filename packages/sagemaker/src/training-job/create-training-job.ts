import type { CreateTrainingJobRequest } from '@sagebrush/contract/sagemaker'
import { ApiError, StagingError, validationError } from '@sagebrush/core'
import { operation, type SageMakerContext } from '../context.ts'
import { hintKey, resourceArn } from '../resource-key.ts'
import { hostCount, hostsOf } from './hosts.ts'
import { wholeChannel } from './inputs.ts'
import { refusedMember } from './refusals.ts'
import { newTrainingJob, noObjectsFound, trainingJobExists } from './training-job.ts'
import { trainingCommand } from './training-task.ts'

export const CreateTrainingJob = operation('CreateTrainingJob', async (input, ctx) => {
  const name = input.TrainingJobName
  const refused = refusedMember(input, ctx.config.maxRuntimeSeconds)
  if (refused) throw refused
  const arn = resourceArn('training-job', ctx.caller, name)
  if (await ctx.trainingJobs.get(ctx.caller, name)) throw trainingJobExists(arn)

  const uri = input.AlgorithmSpecification?.TrainingImage ?? ''
  const resolved = await ctx.images.resolve(uri)
  if ('missing' in resolved) throw validationError(`Cannot find image "${uri}". ${resolved.missing}`)
  await requireInputs(input, ctx)
  // Before they are made: a slip in a count must not cost the server its memory.
  await requireInstances(ctx, input, hostCount(input.ResourceConfig))
  const hosts = hostsOf(input.ResourceConfig)
  const unable = await ctx.engine.refuses({
    image: resolved.image,
    ...trainingCommand(input),
    hosts: hosts.map((host) => host.name),
    serves: false,
  })
  if (unable !== undefined) throw validationError(unable)
  const { created } = await ctx.roles.require(ctx.caller, input.RoleArn)

  const job = newTrainingJob(ctx.caller, input, ctx.now(), { image: resolved.image, roleCreated: created })
  if (!(await ctx.trainingJobs.insert(ctx.caller, name, job))) throw trainingJobExists(arn)
  ctx.hints.publish(hintKey('training-job', ctx.caller, name))
  return { TrainingJobArn: arn }
})

/** AWS refuses a channel without objects before it takes the job. */
async function requireInputs(input: CreateTrainingJobRequest, ctx: SageMakerContext): Promise<void> {
  for (const channel of input.InputDataConfig ?? []) {
    const source = wholeChannel(channel)
    if (!source) continue
    const found = await ctx.objects.has(ctx.caller, source).catch((error: unknown) => {
      if (error instanceof StagingError) return error
      throw error
    })
    if (found === true) continue
    throw noObjectsFound(ctx.caller, source.uri, input.RoleArn, found instanceof Error ? found.message : undefined)
  }
}

async function requireInstances(ctx: SageMakerContext, input: CreateTrainingJobRequest, asked: number): Promise<void> {
  const limit = ctx.config.trainingInstances
  let used = 0
  for await (const row of ctx.trainingJobs.each([{ field: 'settled', is: 'equal', value: 0 }])) {
    if (row.scope.account === ctx.caller.account && row.scope.region === ctx.caller.region)
      used += row.value.hosts.length
  }
  if (used + asked <= limit) return
  const type = input.ResourceConfig?.InstanceType ?? 'instances'
  throw new ApiError(
    'ResourceLimitExceeded',
    `The account-level service limit '${type} for training job usage' is ${limit} Instances, with current utilization of ${used} Instances and a request delta of ${asked} Instances. Please raise limits.trainingInstances in the server's configuration.`,
  )
}
