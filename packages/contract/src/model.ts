/**
 * The run-time model of one service: what `generated/<service>.json` holds, as it is on disk.
 * Names and traits are those of the published API model; flags are there only when true.
 */
export interface ServiceModel {
  readonly name: string
  readonly metadata: ServiceMetadata
  readonly operations: Readonly<Record<string, OperationModel>>
  readonly shapes: Readonly<Record<string, Shape>>
}

export type Protocol = 'json' | 'rest-json' | 'rest-xml' | 'query' | 'ec2' | 'smithy-rpc-v2-cbor'

export interface ServiceMetadata {
  readonly apiVersion: string
  readonly endpointPrefix: string
  /** The service name in a SigV4 credential scope (the endpoint prefix where the model names none). */
  readonly signingName: string
  readonly signatureVersion: string
  readonly protocol: Protocol
  readonly protocols: readonly Protocol[]
  readonly serviceId: string
  readonly serviceFullName: string
  readonly serviceAbbreviation?: string
  readonly uid: string
  readonly globalEndpoint?: string
  /** What stands before the dot in X-Amz-Target (JSON protocols). */
  readonly targetPrefix?: string
  readonly jsonVersion?: '1.0' | '1.1'
  readonly xmlNamespace?: string
  readonly checksumFormat?: string
  /** Errors carry their Query-protocol code in x-amzn-query-error. */
  readonly awsQueryCompatible?: true
}

export interface OperationModel {
  readonly name: string
  readonly http: HttpBinding
  readonly input?: InputModel
  readonly output?: OutputModel
  /** Names of the exception shapes that the operation declares. */
  readonly errors: readonly string[]
  /** Unset: signed with SigV4, its payload included. */
  readonly authtype?: 'none' | 'v4-unsigned-body'
  readonly unsignedPayload?: true
  readonly endpoint?: { readonly hostPrefix: string }
  readonly httpChecksum?: HttpChecksum
  readonly httpChecksumRequired?: true
  readonly requestcompression?: { readonly encodings: readonly string[] }
  readonly idempotent?: true
  readonly readonly?: true
  readonly deprecated?: true
}

export interface HttpBinding {
  readonly method: 'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  /** Path template with `{Label}` and greedy `{Label+}`, then perhaps a fixed query (`?uploads`, `?list-type=2`). */
  readonly requestUri: string
  /** Status of success; 200 where the model names none. */
  readonly responseCode: number
}

export interface InputModel {
  readonly shape: string
  /** Root element of an XML body. */
  readonly locationName?: string
  readonly xmlNamespace?: XmlNamespace
}

export interface OutputModel {
  readonly shape: string
  readonly locationName?: string
  readonly xmlNamespace?: XmlNamespace
  /** Element around the result in a Query answer. */
  readonly resultWrapper?: string
}

export interface HttpChecksum {
  /** Input member that names the algorithm. */
  readonly requestAlgorithmMember?: string
  readonly requestChecksumRequired?: boolean
  /** Input member that asks for checksums in the answer. */
  readonly requestValidationModeMember?: string
  readonly responseAlgorithms?: readonly string[]
}

export interface XmlNamespace {
  readonly uri: string
  readonly prefix?: string
}

export type TimestampFormat = 'iso8601' | 'rfc822' | 'unixTimestamp'

/** A reference from a structure, list or map to a shape, with the traits of that one use. */
export interface MemberModel {
  readonly shape: string
  /** Unset: in the body. `headers` is a prefix (`locationName`) over a map. */
  readonly location?: 'header' | 'headers' | 'uri' | 'querystring' | 'statusCode'
  /** Name on the wire where it differs from the member's own. */
  readonly locationName?: string
  readonly queryName?: string
  readonly flattened?: true
  readonly streaming?: true
  readonly idempotencyToken?: true
  readonly jsonvalue?: true
  readonly eventpayload?: true
  readonly eventheader?: true
  readonly hostLabel?: true
  readonly box?: true
  readonly deprecated?: true
  readonly xmlAttribute?: true
  readonly xmlNamespace?: XmlNamespace
  readonly timestampFormat?: TimestampFormat
}

export type Shape =
  | StructureShape
  | ListShape
  | MapShape
  | StringShape
  | NumberShape
  | BooleanShape
  | TimestampShape
  | BlobShape

interface ShapeTraits {
  readonly sensitive?: true
  readonly box?: true
  readonly deprecated?: true
  readonly locationName?: string
  readonly xmlNamespace?: XmlNamespace
}

export interface StructureShape extends ShapeTraits {
  readonly type: 'structure'
  readonly required?: readonly string[]
  readonly members: Readonly<Record<string, MemberModel>>
  /** Member that is the whole HTTP body. */
  readonly payload?: string
  /** Exactly one member is set. */
  readonly union?: true
  readonly eventstream?: true
  readonly event?: true
  readonly document?: true
  readonly wrapper?: true
  readonly xmlOrder?: readonly string[]
  /** Only on exceptions. */
  readonly error?: ErrorModel
}

export interface ErrorModel {
  /** The code on the wire: the shape's name unless the model says otherwise. */
  readonly code: string
  /** Only where the model states one: those of SageMaker and CloudWatch Logs state none. */
  readonly httpStatusCode?: number
  readonly fault: 'client' | 'server'
}

/** `min` and `max` count entries. */
export interface ListShape extends ShapeTraits {
  readonly type: 'list'
  readonly member: MemberModel
  readonly flattened?: true
  readonly min?: number
  readonly max?: number
}

/** `min` and `max` count entries. */
export interface MapShape extends ShapeTraits {
  readonly type: 'map'
  readonly key: MemberModel
  readonly value: MemberModel
  readonly flattened?: true
  readonly min?: number
  readonly max?: number
}

/** `min` and `max` count characters; `pattern` is a Java regular expression that must match the whole value. */
export interface StringShape extends ShapeTraits {
  readonly type: 'string'
  readonly enum?: readonly string[]
  readonly pattern?: string
  readonly min?: number
  readonly max?: number
}

export interface NumberShape extends ShapeTraits {
  readonly type: 'integer' | 'long' | 'float' | 'double' | 'short' | 'byte' | 'bigdecimal' | 'biginteger'
  readonly min?: number
  readonly max?: number
}

export interface BooleanShape extends ShapeTraits {
  readonly type: 'boolean'
}

export interface TimestampShape extends ShapeTraits {
  readonly type: 'timestamp'
  readonly timestampFormat?: TimestampFormat
}

/** `min` and `max` count bytes. */
export interface BlobShape extends ShapeTraits {
  readonly type: 'blob'
  readonly streaming?: true
  readonly min?: number
  readonly max?: number
}

/** Input or output of an operation that the model gives none. */
export type Empty = Record<never, never>
