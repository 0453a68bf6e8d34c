import { ApiError } from '@sagebrush/core'

/** Members that choose among several things behind an endpoint. */
export interface Targeting {
  readonly EndpointName: string
  readonly TargetModel?: string
  readonly TargetContainerHostname?: string
  readonly InferenceComponentName?: string
}

/**
 * Every endpoint here runs one model in one container: a request for another must not be answered by that one. AWS's
 * words for models and components: github.com/aws/amazon-sagemaker-examples/issues/1026 and the tests of LiteLLM.
 */
export function refuseTarget(request: Targeting): void {
  const { EndpointName: name, InferenceComponentName, TargetContainerHostname, TargetModel } = request
  if (InferenceComponentName !== undefined) {
    throw refused(
      `Inference Component Name header is not allowed for endpoints to which you dont plan to deploy inference components. Please remove the Inference Component Name header and try again. (InferenceComponentName is "${InferenceComponentName}"; endpoint ${name} runs the model of its configuration.)`,
    )
  }
  if (TargetModel !== undefined) {
    throw refused(
      `Endpoint ${name} is not a multi-model endpoint and does not support target model header. (TargetModel is "${TargetModel}": leave it out, or make an endpoint for each model.)`,
    )
  }
  if (TargetContainerHostname !== undefined) {
    throw refused(
      `Endpoint ${name} has one container and does not support TargetContainerHostname, which is "${TargetContainerHostname}". Leave it out, or make an endpoint for each container.`,
    )
  }
}

function refused(message: string): ApiError {
  return new ApiError('ValidationError', message)
}
