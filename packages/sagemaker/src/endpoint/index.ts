import { CreateEndpoint } from './create-endpoint.ts'
import { DeleteEndpoint } from './delete-endpoint.ts'
import { DescribeEndpoint } from './describe-endpoint.ts'
import { ListEndpoints } from './list-endpoints.ts'
import { UpdateEndpoint } from './update-endpoint.ts'
import { UpdateEndpointWeightsAndCapacities } from './update-endpoint-weights-and-capacities.ts'

export const endpointOperations = {
  CreateEndpoint,
  DeleteEndpoint,
  DescribeEndpoint,
  ListEndpoints,
  UpdateEndpoint,
  UpdateEndpointWeightsAndCapacities,
}
