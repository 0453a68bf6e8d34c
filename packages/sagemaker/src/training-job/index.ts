import { CreateTrainingJob } from './create-training-job.ts'
import { DescribeTrainingJob } from './describe-training-job.ts'

export const trainingJobOperations = { CreateTrainingJob, DescribeTrainingJob }
