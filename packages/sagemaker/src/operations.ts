import { trainingJobOperations } from './training-job/index.ts'

/** Every operation of this service that is there; what the contract has beside them is "not yet". */
export const sageMakerOperations = {
  ...trainingJobOperations,
}
