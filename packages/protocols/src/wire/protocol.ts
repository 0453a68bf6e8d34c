import type { OperationModel } from '@sagebrush/contract'
import type { ApiError } from '@sagebrush/core'
import type { VerifiedBody } from '../body/verified-body.ts'
import type { ServiceFamily } from '../sigv4/refusals.ts'
import type { WireRequest } from './wire-request.ts'

/** A request whose signature has been verified, with its body: whole, or still to be read. */
export interface AdmittedRequest {
  readonly request: WireRequest
  readonly body: Uint8Array | VerifiedBody
}

export interface RoutedOperation {
  readonly operation: OperationModel
  /** Decoded path labels by their names in the URI template. */
  readonly labels: Readonly<Record<string, string>>
}

export type AnswerBody = string | Uint8Array | AsyncIterable<Uint8Array> | undefined

export interface Answer {
  readonly status: number
  /** Names as they go on the wire. */
  readonly headers: Record<string, string>
  readonly body: AnswerBody
}

/** What a failed request is called on the wire, and by what ids it is found in a log. */
export interface FailureContext {
  readonly requestId: string
  /** S3 names the bucket and key that were asked for. */
  readonly resource: string
  readonly operation: OperationModel | undefined
}

/** One wire format of one service: which operation, its input from bytes, bytes from its output. */
export interface Protocol {
  readonly family: ServiceFamily
  /** Undefined where the service has no such operation. */
  route(admitted: AdmittedRequest): RoutedOperation | undefined
  /** Throws ApiError where the bytes cannot be read as the operation's input. */
  decode(routed: RoutedOperation, admitted: AdmittedRequest): Promise<Record<string, unknown>>
  encode(routed: RoutedOperation, output: Record<string, unknown>, requestId: string): Answer
  encodeError(error: ApiError, context: FailureContext): Answer
  /** What the request tried to call, for the error that says there is no such operation. */
  unknownOperation(admitted: AdmittedRequest): ApiError
}
