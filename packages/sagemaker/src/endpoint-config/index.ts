import { CreateEndpointConfig } from './create-endpoint-config.ts'
import { DeleteEndpointConfig } from './delete-endpoint-config.ts'
import { DescribeEndpointConfig } from './describe-endpoint-config.ts'
import { ListEndpointConfigs } from './list-endpoint-configs.ts'

export const endpointConfigOperations = {
  CreateEndpointConfig,
  DeleteEndpointConfig,
  DescribeEndpointConfig,
  ListEndpointConfigs,
}
