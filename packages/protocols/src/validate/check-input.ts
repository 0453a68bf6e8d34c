import { type OperationModel, type ServiceModel, structureOf } from '@sagebrush/contract'
import { ApiError } from '@sagebrush/core'
import { malformedXml } from '../rest/malformed-xml.ts'
import { lowerFirst } from '../wire/names.ts'
import { type Violation, violationsOf } from './violations.ts'

/** Services name the same failure differently. */
const NAMES: Readonly<Record<string, string>> = {
  logs: 'InvalidParameterException',
  sts: 'ValidationError',
  iam: 'ValidationError',
  'sagemaker-runtime': 'ValidationError',
  s3: 'InvalidArgument',
}

/** Throws, in AWS's words, one error that lists everything in which the input breaks the contract. */
export function checkInput(model: ServiceModel, operation: OperationModel, input: Record<string, unknown>): void {
  if (!operation.input) return
  const shape = structureOf(model, operation.input.shape)
  const violations = violationsOf(model, shape, input).filter(({ path }) => !isJudgedByOperation(model, path))
  if (violations.length === 0) return
  const message = violations.map(({ text }) => text).join('; ')
  if (model.name === 's3' && shape.payload && inBody(violations, lowerFirst(shape.payload))) throw malformedXml(message)
  const count = violations.length === 1 ? '1 validation error' : `${violations.length} validation errors`
  throw new ApiError(NAMES[model.name] ?? 'ValidationException', `${count} detected: ${message}`, { status: 400 })
}

/** S3 has an error of its own for a location that is none (velero issue 284). */
function isJudgedByOperation(model: ServiceModel, path: string): boolean {
  return model.name === 's3' && path === 'createBucketConfiguration.locationConstraint'
}

function inBody(violations: readonly Violation[], payload: string): boolean {
  return violations.some(({ path }) => path === payload || path.startsWith(`${payload}.`))
}
