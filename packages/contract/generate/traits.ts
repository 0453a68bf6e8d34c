/** A JSON object of the published model whose traits are not yet sorted into kept and dropped. */
export type Raw = Readonly<Record<string, unknown>>

/** Which traits of one kind of model object are kept, and which are knowingly left out. */
export interface TraitTable {
  readonly keep: readonly string[]
  readonly drop: readonly string[]
}

const prose = ['documentation', 'documentationUrl', 'deprecatedMessage', 'deprecatedSince']

/** Rules by which clients find an endpoint: a server is where it is. */
const endpointRules = ['contextParam', 'staticContextParams', 'operationContextParams', 'clientContextParams']

export const serviceTraits: TraitTable = {
  keep: ['metadata', 'operations', 'shapes'],
  drop: [...prose, ...endpointRules, 'version', 'examples'],
}

export const metadataTraits: TraitTable = {
  keep: [
    'apiVersion',
    'endpointPrefix',
    'globalEndpoint',
    'signingName',
    'signatureVersion',
    'protocol',
    'protocols',
    'jsonVersion',
    'targetPrefix',
    'xmlNamespace',
    'checksumFormat',
    'serviceId',
    'serviceFullName',
    'serviceAbbreviation',
    'uid',
    'awsQueryCompatible',
  ],
  drop: ['auth', 'protocolSettings', 'ripServiceName', 'checksumAlgorithm'],
}

export const operationTraits: TraitTable = {
  keep: [
    'name',
    'http',
    'input',
    'output',
    'errors',
    'authtype',
    'unsignedPayload',
    'endpoint',
    'httpChecksum',
    'httpChecksumRequired',
    'requestcompression',
    'idempotent',
    'readonly',
    'deprecated',
  ],
  // `auth` says the same as `authtype` in another vocabulary.
  drop: [...prose, ...endpointRules, 'auth', 'endpointdiscovery', 'endpointoperation'],
}

export const httpTraits: TraitTable = { keep: ['method', 'requestUri', 'responseCode'], drop: [] }

export const inputTraits: TraitTable = { keep: ['shape', 'locationName', 'xmlNamespace'], drop: prose }

export const outputTraits: TraitTable = { keep: [...inputTraits.keep, 'resultWrapper'], drop: prose }

export const memberTraits: TraitTable = {
  keep: [
    'shape',
    'location',
    'locationName',
    'queryName',
    'flattened',
    'streaming',
    'idempotencyToken',
    'jsonvalue',
    'eventpayload',
    'eventheader',
    'hostLabel',
    'box',
    'deprecated',
    'xmlAttribute',
    'xmlNamespace',
    'timestampFormat',
  ],
  drop: [...prose, ...endpointRules],
}

const anyShape = ['type', 'sensitive', 'box', 'deprecated', 'locationName', 'xmlNamespace']
const shape = (...own: string[]): TraitTable => ({ keep: [...anyShape, ...own], drop: [...prose, 'synthetic'] })
const number = shape('min', 'max')

export const shapeTraits: Readonly<Record<string, TraitTable>> = {
  structure: shape(
    'required',
    'members',
    'payload',
    'union',
    'eventstream',
    'event',
    'document',
    'wrapper',
    'xmlOrder',
    'exception',
    'error',
    'fault',
  ),
  list: shape('member', 'flattened', 'min', 'max'),
  map: shape('key', 'value', 'flattened', 'min', 'max'),
  string: shape('enum', 'pattern', 'min', 'max'),
  integer: number,
  long: number,
  float: number,
  double: number,
  short: number,
  byte: number,
  bigdecimal: number,
  biginteger: number,
  boolean: shape(),
  timestamp: shape('timestampFormat'),
  blob: shape('streaming', 'min', 'max'),
}

/**
 * The kept traits of `raw`, in the table's order, `false` flags left out. A trait in neither list stops the generator:
 * a new kind of fact is sorted by a person, never lost in silence.
 */
export function pick(raw: Raw, table: TraitTable, where: string): Record<string, unknown> {
  for (const trait of Object.keys(raw)) {
    if (table.keep.includes(trait) || table.drop.includes(trait)) continue
    throw new Error(`${where}: unknown trait ${trait}; add it to keep or drop in generate/traits.ts`)
  }
  return Object.fromEntries(
    table.keep.filter((trait) => raw[trait] !== undefined && raw[trait] !== false).map((trait) => [trait, raw[trait]]),
  )
}
