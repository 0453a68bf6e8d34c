import { CreateTrainingJob } from './create-training-job.ts'
import { DeleteTrainingJob } from './delete-training-job.ts'
import { DescribeTrainingJob } from './describe-training-job.ts'
import { ListTrainingJobs } from './list-training-jobs.ts'
import { StopTrainingJob } from './stop-training-job.ts'

export const trainingJobOperations = {
  CreateTrainingJob,
  DeleteTrainingJob,
  DescribeTrainingJob,
  ListTrainingJobs,
  StopTrainingJob,
}
