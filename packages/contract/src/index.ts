export { type Operations, type ServiceName, serviceNames } from './generated/services.ts'
export { loadService } from './load.ts'
export { shapeOf, structureOf } from './lookup.ts'
export type {
  BlobShape,
  BooleanShape,
  Empty,
  ErrorModel,
  HttpBinding,
  HttpChecksum,
  InputModel,
  ListShape,
  MapShape,
  MemberModel,
  NumberShape,
  OperationModel,
  OutputModel,
  Protocol,
  ServiceMetadata,
  ServiceModel,
  Shape,
  StringShape,
  StructureShape,
  TimestampFormat,
  TimestampShape,
  XmlNamespace,
} from './model.ts'
export type { InputOf, OperationName, OutputOf } from './operation-types.ts'
export { patternRegExp } from './pattern.ts'
