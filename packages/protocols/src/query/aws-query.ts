import { type ServiceModel, structureOf } from '@sagebrush/contract'
import { ApiError } from '@sagebrush/core'
import { collect } from '../body/collect.ts'
import { parseQuery } from '../wire/percent.ts'
import type { AdmittedRequest, Answer, FailureContext, Protocol, RoutedOperation } from '../wire/protocol.ts'
import { element, encodeXmlStructure, xmlns } from '../xml/encode-xml.ts'
import { decodeFormStructure } from './decode-form.ts'
import { formTree } from './form-tree.ts'

const XML_TYPE = 'text/xml'

/** AWS Query: a form (or a GET's query) in, XML out. */
export class AwsQuery implements Protocol {
  readonly family = 'query'
  readonly #model: ServiceModel

  constructor(model: ServiceModel) {
    this.#model = model
  }

  route(admitted: AdmittedRequest): RoutedOperation | undefined {
    const action = parameters(admitted)?.find(([name]) => name === 'Action')?.[1]
    const operation = action === undefined ? undefined : this.#model.operations[action]
    return operation && { operation, labels: {} }
  }

  async decode({ operation }: RoutedOperation, admitted: AdmittedRequest): Promise<Record<string, unknown>> {
    const tree = formTree(parameters({ ...admitted, body: await collect(admitted.body) }) ?? [])
    if (!tree) throw new ApiError('MalformedInput', 'A parameter is nested too deeply')
    return operation.input
      ? decodeFormStructure(this.#model, structureOf(this.#model, operation.input.shape), tree)
      : {}
  }

  encode({ operation }: RoutedOperation, output: Record<string, unknown>, requestId: string): Answer {
    const { name } = operation
    let result = ''
    if (operation.output) {
      const shape = structureOf(this.#model, operation.output.shape)
      result = encodeXmlStructure(this.#model, shape, output, operation.output.resultWrapper ?? `${name}Result`)
    }
    const metadata = `<ResponseMetadata>${element('RequestId', requestId)}</ResponseMetadata>`
    return {
      status: operation.http.responseCode,
      headers: { 'Content-Type': XML_TYPE },
      body: `<${name}Response${this.#xmlns()}>${result}${metadata}</${name}Response>`,
    }
  }

  encodeError(error: ApiError, { requestId }: FailureContext): Answer {
    const type = error.fault === 'server' ? 'Receiver' : 'Sender'
    const code = this.#wireCode(error.name)
    const body =
      `<ErrorResponse${this.#xmlns()}><Error>${element('Type', type)}${element('Code', code)}` +
      `${element('Message', error.message)}</Error>${element('RequestId', requestId)}</ErrorResponse>`
    return { status: error.status, headers: { 'Content-Type': XML_TYPE }, body }
  }

  unknownOperation(admitted: AdmittedRequest): ApiError {
    const pairs = parameters(admitted)
    const value = (wanted: string) => pairs?.find(([name]) => name === wanted)?.[1]
    const action = value('Action')
    if (!action) return new ApiError('MissingAction', 'The request is missing an action or a required parameter.')
    const version = value('Version') ?? this.#model.metadata.apiVersion
    return new ApiError('InvalidAction', `Could not find operation ${action} for version ${version}`)
  }

  /** Exceptions are thrown by their shape's name (`NoSuchEntityException`), and sent by their code (`NoSuchEntity`). */
  #wireCode(name: string): string {
    const shape = this.#model.shapes[name]
    return shape?.type === 'structure' ? (shape.error?.code ?? name) : name
  }

  #xmlns(): string {
    return xmlns(this.#model.metadata.xmlNamespace ? { uri: this.#model.metadata.xmlNamespace } : undefined)
  }
}

/** A query in the address and a form in the body say the same things; both are signed. */
function parameters({ request, body }: AdmittedRequest): readonly (readonly [string, string])[] | undefined {
  const form =
    body instanceof Uint8Array ? Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString('latin1') : ''
  return parseQuery(request.query === '' ? form : form === '' ? request.query : `${form}&${request.query}`)
}
