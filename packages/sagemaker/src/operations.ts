import { endpointOperations } from './endpoint/index.ts'
import { endpointConfigOperations } from './endpoint-config/index.ts'
import { modelOperations } from './model/index.ts'
import { monitoringOperations } from './monitoring/index.ts'
import { tagOperations } from './tag/index.ts'
import { trainingJobOperations } from './training-job/index.ts'

/** Every operation of this service that is there; what the contract has beside them is "not yet". */
export const sageMakerOperations = {
  ...trainingJobOperations,
  ...modelOperations,
  ...endpointConfigOperations,
  ...endpointOperations,
  ...tagOperations,
  ...monitoringOperations,
}
