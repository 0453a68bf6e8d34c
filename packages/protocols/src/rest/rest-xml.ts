import { type OperationModel, shapeOf, structureOf } from '@sagebrush/contract'
import { ApiError } from '@sagebrush/core'
import { decodePercent } from '../wire/percent.ts'
import type { AdmittedRequest, Answer, AnswerBody, FailureContext, RoutedOperation } from '../wire/protocol.ts'
import { decodeXmlStructure } from '../xml/decode-xml.ts'
import { element, encodeXmlStructure, XML_HEAD, xmlns } from '../xml/encode-xml.ts'
import { parseXml, XmlProblem } from '../xml/parse-xml.ts'
import { writeHttpOutput } from './http-output.ts'
import { malformedXml } from './malformed-xml.ts'
import { outputPayload, type PayloadMember } from './payload.ts'
import { RestProtocol } from './rest-protocol.ts'
import { S3_ROOT_NAMES } from './s3-root-names.ts'

const XML_TYPE = 'application/xml'
const NAMESPACE = { uri: 'http://s3.amazonaws.com/doc/2006-03-01/' }

/** REST with XML bodies, as S3 speaks it. */
export class RestXml extends RestProtocol {
  readonly family = 's3'

  protected badValue(name: string, value: string, type: string): ApiError {
    const message =
      type === 'integer' || type === 'long'
        ? `Provided ${name} not an integer or within integer range`
        : `Provided ${name} is no ${type}`
    return new ApiError('InvalidArgument', message, { members: { ArgumentName: name, ArgumentValue: value } })
  }

  /** S3 has none: a body is always one member. What comes all the same stays unread. */
  protected async decodeBody(): Promise<Record<string, unknown>> {
    return {}
  }

  protected decodePayload({ name, member }: PayloadMember, body: Uint8Array): unknown {
    const shape = structureOf(this.model, member.shape)
    try {
      const root = parseXml(body)
      const expected = member.locationName ?? name
      if (root.name !== expected) throw new XmlProblem(`its root is ${root.name}, not ${expected}`)
      return decodeXmlStructure(this.model, shape, root)
    } catch (error) {
      if (error instanceof XmlProblem) throw malformedXml(error.message)
      throw error
    }
  }

  encode({ operation }: RoutedOperation, output: Record<string, unknown>): Answer {
    if (!operation.output) return { status: operation.http.responseCode, headers: {}, body: '' }
    const shape = structureOf(this.model, operation.output.shape)
    const { headers, status } = writeHttpOutput(this.model, shape, output)
    const { body, isXml } = this.#body(operation, output)
    if (isXml) headers['Content-Type'] ??= XML_TYPE
    return { status: status ?? (output.ContentRange === undefined ? operation.http.responseCode : 206), headers, body }
  }

  #body(operation: OperationModel, output: Record<string, unknown>): { body: AnswerBody; isXml: boolean } {
    if (operation.name === 'GetBucketLocation') {
      const text = element('LocationConstraint', output.LocationConstraint ?? '')
      return { body: `${XML_HEAD}${text.replace('>', `${xmlns(NAMESPACE)}>`)}`, isXml: true }
    }
    const payload = outputPayload(this.model, operation)
    if (!payload) {
      const shape = structureOf(this.model, operation.output?.shape ?? '')
      const inBody = Object.values(shape.members).some((member) => !member.location)
      if (!inBody) return { body: '', isXml: false }
      const name = S3_ROOT_NAMES[operation.name] ?? operation.output?.locationName ?? `${operation.name}Result`
      return { body: XML_HEAD + encodeXmlStructure(this.model, shape, output, name, NAMESPACE), isXml: true }
    }
    const value = output[payload.name]
    const payloadShape = shapeOf(this.model, payload.member.shape)
    if (payloadShape.type !== 'structure') return { body: value as AnswerBody, isXml: false }
    const name = payload.member.locationName ?? payload.name
    const members = (value ?? {}) as Record<string, unknown>
    return { body: XML_HEAD + encodeXmlStructure(this.model, payloadShape, members, name, NAMESPACE), isXml: true }
  }

  encodeError(error: ApiError, { requestId, resource }: FailureContext): Answer {
    if (error.status === 304) return { status: 304, headers: notModifiedHeaders(error), body: '' }
    const members = Object.entries(error.members)
      .map(([name, value]) => element(name, value))
      .join('')
    const place = 'Resource' in error.members ? '' : element('Resource', decodePercent(resource, false) ?? resource)
    const body =
      `${XML_HEAD}<Error>${element('Code', error.name)}${element('Message', error.message)}${members}${place}` +
      `${element('RequestId', requestId)}${element('HostId', hostId(requestId))}</Error>`
    return { status: error.status, headers: { 'Content-Type': XML_TYPE }, body }
  }

  unknownOperation({ request }: AdmittedRequest): ApiError {
    if (decodePercent(request.path, false) === undefined) {
      return new ApiError('InvalidURI', "Couldn't parse the specified URI: it is not UTF-8.", { status: 400 })
    }
    return new ApiError('MethodNotAllowed', 'The specified method is not allowed against this resource.', {
      status: 405,
      members: { Method: request.method, ResourceType: request.query.split(/[=&]/, 1)[0]?.toUpperCase() || 'OBJECT' },
    })
  }
}

/** What a cache needs to go on with its copy (RFC 9110 §15.4.5). */
function notModifiedHeaders({ members: { ETag, LastModified } }: ApiError): Record<string, string> {
  return {
    ...(typeof ETag === 'string' && { ETag }),
    ...(LastModified instanceof Date && { 'Last-Modified': LastModified.toUTCString() }),
  }
}

/** S3's second id of a request. It carries nothing more here: one id finds the log's line. */
export function hostId(requestId: string): string {
  return Buffer.from(`sagebrush/${requestId}`).toString('base64')
}
