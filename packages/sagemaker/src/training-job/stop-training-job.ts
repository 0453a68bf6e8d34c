import { operation } from '../context.ts'
import { hintKey } from '../resource-key.ts'
import { isTerminal, trainingJobHasEnded, trainingJobNotFound, withTransition } from './training-job.ts'

/** Asks the job to stop. What is in its model folder by then is still uploaded. */
export const StopTrainingJob = operation('StopTrainingJob', async (input, ctx) => {
  for (;;) {
    const row = await ctx.trainingJobs.get(ctx.caller, input.TrainingJobName)
    if (!row) throw trainingJobNotFound()
    const job = row.value
    if (isTerminal(job)) throw trainingJobHasEnded(job.status)
    if (job.status === 'Stopping') return {}
    const stopping = {
      ...withTransition(job, 'Stopping', ctx.now()),
      status: 'Stopping' as const,
      stop: 'user' as const,
    }
    // The reconciler came between: the job may have ended just now.
    if (!(await ctx.trainingJobs.update(ctx.caller, job.name, row.version, stopping))) continue
    ctx.hints.publish(hintKey('training-job', ctx.caller, job.name))
    return {}
  }
})
