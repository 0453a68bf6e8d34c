import { loadService, type ServiceModel, type ServiceName } from '@sagebrush/contract'
import type { OperationTable, RequestContext } from '@sagebrush/core'
import { AwsJson } from '../aws-json/aws-json.ts'
import { AwsQuery } from '../query/aws-query.ts'
import { RestJson } from '../rest/rest-json.ts'
import { RestXml } from '../rest/rest-xml.ts'
import type { Protocol } from '../wire/protocol.ts'

export interface ServiceEntry<Context> {
  readonly model: ServiceName
  readonly operations: OperationTable<Context>
  /** Joins the request's context with the ports of the service. Called once a request. */
  readonly context: (request: RequestContext) => Context
  /** For bodies that are read whole: default 8 MiB, for sagemaker-runtime AWS's 6,291,456. */
  readonly bodyLimitBytes?: number
}

/** A service as the gateway sees it, its context's type closed over. */
export interface HostedService {
  readonly model: ServiceModel
  readonly protocol: Protocol
  readonly bodyLimitBytes: number
  has(operation: string): boolean
  /** `input` is decoded and valid. */
  call(operation: string, input: Record<string, unknown>, request: RequestContext): Promise<unknown>
}

/**
 * Makes a service of a table of operations. Throws where the table names an operation that AWS's model does not have.
 *
 * @example hostService({ model: 'sts', operations: stsOperations, context: (request) => ({ ...request, keys }) })
 */
export function hostService<Context>(entry: ServiceEntry<Context>): HostedService {
  const model = loadService(entry.model)
  for (const name of Object.keys(entry.operations)) {
    if (!model.operations[name]) throw new Error(`${entry.model} has no operation ${name}`)
  }
  return {
    model,
    protocol: protocolOf(model),
    bodyLimitBytes: entry.bodyLimitBytes ?? (entry.model === 'sagemaker-runtime' ? 6_291_456 : 8 * 1024 * 1024),
    has: (name) => Object.hasOwn(entry.operations, name),
    call: async (name, input, request) => {
      const operation = entry.operations[name]
      // The table's input types are the contract's, which the decoder has just followed.
      return operation?.handle(input as never, entry.context(request))
    },
  }
}

function protocolOf(model: ServiceModel): Protocol {
  switch (model.metadata.protocol) {
    case 'json':
      return new AwsJson(model)
    case 'rest-json':
      return new RestJson(model)
    case 'rest-xml':
      return new RestXml(model)
    case 'query':
      return new AwsQuery(model)
    default:
      throw new Error(`${model.name} speaks ${model.metadata.protocol}, which is not supported`)
  }
}
