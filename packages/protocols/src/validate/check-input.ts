import { type OperationModel, type ServiceModel, structureOf } from '@sagebrush/contract'
import { ApiError } from '@sagebrush/core'
import { violationsOf } from './violations.ts'

/** Services name the same failure differently. */
const NAMES: Readonly<Record<string, string>> = {
  logs: 'InvalidParameterException',
  sts: 'ValidationError',
  iam: 'ValidationError',
  'sagemaker-runtime': 'ValidationError',
}

/** Throws, in AWS's words, one error that lists everything in which the input breaks the contract. */
export function checkInput(model: ServiceModel, operation: OperationModel, input: Record<string, unknown>): void {
  if (!operation.input) return
  const violations = violationsOf(model, structureOf(model, operation.input.shape), input)
  if (violations.length === 0) return
  const count = violations.length === 1 ? '1 validation error' : `${violations.length} validation errors`
  throw new ApiError(NAMES[model.name] ?? 'ValidationException', `${count} detected: ${violations.join('; ')}`, {
    status: 400,
  })
}
