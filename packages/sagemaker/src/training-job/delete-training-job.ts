import { ApiError } from '@sagebrush/core'
import { operation } from '../context.ts'
import { isTerminal, trainingJobNotEnded } from './training-job.ts'

/** Forgets a job that has ended; its name may be used again. Its artifacts and logs stay. */
export const DeleteTrainingJob = operation('DeleteTrainingJob', async (input, ctx) => {
  const row = await ctx.trainingJobs.get(ctx.caller, input.TrainingJobName)
  if (!row) throw new ApiError('ResourceNotFound', 'Requested resource not found.')
  if (!isTerminal(row.value)) throw trainingJobNotEnded(row.value.status)
  // A job that has ended stays so: whatever came between (tags, the last of its clean-up) need not be looked at.
  await ctx.trainingJobs.remove(ctx.caller, input.TrainingJobName)
  return {}
})
