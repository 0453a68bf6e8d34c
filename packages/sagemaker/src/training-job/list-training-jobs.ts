import { operation } from '../context.ts'
import { equals, listPage, within } from '../listing.ts'
import { secondaryStatus, warmPoolStatus } from './training-job.ts'

const SORT = { Name: 'name', CreationTime: 'created', Status: 'status' } as const
const SUMMARY = {
  name: true,
  arn: true,
  created: true,
  modified: true,
  status: true,
  transitions: 'last',
  trainingEnd: true,
  request: { ResourceConfig: { KeepAlivePeriodInSeconds: true, TrainingPlanArn: true } },
} as const

export const ListTrainingJobs = operation('ListTrainingJobs', async (input, ctx) => {
  const page = await listPage(ctx.trainingJobs, SUMMARY, ctx.caller, input, {
    where: [
      ...within('created', input.CreationTimeAfter, input.CreationTimeBefore),
      ...within('modified', input.LastModifiedTimeAfter, input.LastModifiedTimeBefore),
      ...equals('status', input.StatusEquals),
      ...equals('warm_pool', input.WarmPoolStatusEquals),
      ...equals('training_plan', input.TrainingPlanArnEquals),
    ],
    sortBy: SORT[input.SortBy ?? 'CreationTime'],
    order: 'Ascending',
  })
  return {
    TrainingJobSummaries: page.rows.map(({ value: job }) => {
      const warm = warmPoolStatus(job)
      const plan = job.request.ResourceConfig?.TrainingPlanArn
      return {
        TrainingJobName: job.name,
        TrainingJobArn: job.arn,
        CreationTime: job.created,
        LastModifiedTime: job.modified,
        TrainingJobStatus: job.status,
        SecondaryStatus: secondaryStatus(job),
        ...(job.trainingEnd ? { TrainingEndTime: job.trainingEnd } : {}),
        ...(warm ? { WarmPoolStatus: { Status: warm, ResourceRetainedBillableTimeInSeconds: 0 } } : {}),
        ...(plan === undefined ? {} : { TrainingPlanArn: plan }),
      }
    }),
    ...(page.next === undefined ? {} : { NextToken: page.next }),
  }
})
