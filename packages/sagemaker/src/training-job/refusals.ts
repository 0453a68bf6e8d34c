import type { Channel, CreateTrainingJobRequest } from '@sagebrush/contract/sagemaker'
import { type ApiError, isTaskPath, validationError } from '@sagebrush/core'
import { nulRefusal } from '../nul.ts'

/**
 * What a request asks that this server would have to ignore: each is refused before anything is recorded, naming the
 * member, its value and the way out. Members without effect on one's own machines (VpcConfig, encryption, network
 * isolation, profiler, debugger, spot and placement) are accepted and echoed.
 */
export function refusedMember(request: CreateTrainingJobRequest, maxRuntimeSeconds: number): ApiError | undefined {
  const message = [
    algorithm(request),
    command(request),
    runtime(request, maxRuntimeSeconds),
    spot(request),
    output(request),
    ...(request.InputDataConfig ?? []).map((channel, index) => channelRefusal(request, channel, index)),
    duplicateChannel(request),
    checkpoints(request),
  ].find((text) => text !== undefined)
  return message === undefined ? undefined : validationError(message)
}

function algorithm(request: CreateTrainingJobRequest): string | undefined {
  if (request.ServerlessJobConfig)
    return 'ServerlessJobConfig is not supported: give AlgorithmSpecification.TrainingImage and ResourceConfig.'
  const specification = request.AlgorithmSpecification
  if (specification?.AlgorithmName) {
    return `AlgorithmSpecification.AlgorithmName "${specification.AlgorithmName}" is not supported yet: give TrainingImage.`
  }
  if (!specification?.TrainingImage)
    return 'You must provide either AlgorithmSpecification.TrainingImage or AlgorithmSpecification.AlgorithmName.'
  if (specification.TrainingInputMode === 'Pipe' && !request.InputDataConfig?.length)
    return 'AlgorithmSpecification.TrainingInputMode Pipe is not supported: use File or FastFile.'
  if (!request.ResourceConfig) return 'ResourceConfig is required with AlgorithmSpecification.TrainingImage.'
  const { InstanceGroups: groups, InstanceType: type, InstanceCount: count } = request.ResourceConfig
  // AWS's words, as the SDK's users quote them (aws/sagemaker-python-sdk, pull request 5564).
  if (groups?.length && (type !== undefined || count !== undefined)) {
    return 'InstanceType or InstanceCount cannot be specified with InstanceGroups'
  }
  if (!groups?.length && !type) {
    return 'ResourceConfig must name InstanceType and InstanceCount, or InstanceGroups.'
  }
  return undefined
}

/** Hyperparameters are arguments of a script and `SM_HP_…`, an instance group's name is `SM_CURRENT_INSTANCE_GROUP`. */
function command({ AlgorithmSpecification, Environment, HyperParameters, ResourceConfig }: CreateTrainingJobRequest) {
  const groups = ResourceConfig?.InstanceGroups?.map((group) => group.InstanceGroupName)
  return (
    nulRefusal('AlgorithmSpecification.ContainerEntrypoint', AlgorithmSpecification?.ContainerEntrypoint) ??
    nulRefusal('AlgorithmSpecification.ContainerArguments', AlgorithmSpecification?.ContainerArguments) ??
    nulRefusal('Environment', Environment) ??
    nulRefusal('HyperParameters', HyperParameters) ??
    nulRefusal('ResourceConfig.InstanceGroups', groups)
  )
}

function runtime(request: CreateTrainingJobRequest, maxRuntimeSeconds: number): string | undefined {
  const seconds = request.StoppingCondition?.MaxRuntimeInSeconds
  if (seconds === undefined || seconds <= maxRuntimeSeconds) return undefined
  return `StoppingCondition.MaxRuntimeInSeconds ${seconds} is above this installation's limit of ${maxRuntimeSeconds}.`
}

function spot(request: CreateTrainingJobRequest): string | undefined {
  const { MaxRuntimeInSeconds: run = 0, MaxWaitTimeInSeconds: wait } = request.StoppingCondition ?? {}
  // In AWS's words: github.com/Kenza-AI/sagify/issues/111. Of the other text no source is known.
  if (!request.EnableManagedSpotTraining) {
    if (wait === undefined) return undefined
    return 'Invalid MaxWaitTimeInSeconds. It is only supported when EnableManagedSpotTraining is set to true'
  }
  if (wait === undefined || wait >= run) return undefined
  return 'Invalid MaxWaitTimeInSeconds. It must be present and be greater than or equal to MaxRuntimeInSeconds.'
}

/** Else it would be found out when the model is to be stored, and the model be lost. */
const BUCKET_URI = /^s3:\/\/[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](\/|$)/
const BUCKET_RULE = 'of the form s3://bucket/prefix, the bucket of 3 to 63 lower-case letters, digits, "." and "-"'

function output(request: CreateTrainingJobRequest): string | undefined {
  const uri = request.OutputDataConfig.S3OutputPath
  return BUCKET_URI.test(uri) ? undefined : `OutputDataConfig.S3OutputPath "${uri}" must be ${BUCKET_RULE}.`
}

/** Folders that have a meaning of their own. */
const TAKEN = ['/opt/ml/input', '/opt/ml/model', '/opt/ml/output', '/opt/ml/code']

function checkpoints({ CheckpointConfig: config }: CreateTrainingJobRequest): string | undefined {
  if (!config) return undefined
  if (!BUCKET_URI.test(config.S3Uri)) return `CheckpointConfig.S3Uri "${config.S3Uri}" must be ${BUCKET_RULE}.`
  const path = config.LocalPath?.replace(/\/+$/, '')
  if (path === undefined) return undefined
  const taken = TAKEN.find((folder) => path === folder || path.startsWith(`${folder}/`))
  if (isTaskPath(path) && !taken) return undefined
  return (
    `CheckpointConfig.LocalPath "${config.LocalPath}" must be a folder below /opt/ml, without "." and "..", and not ` +
    `${TAKEN.join(', ')} or within them: leave it out for /opt/ml/checkpoints.`
  )
}

function channelRefusal(request: CreateTrainingJobRequest, channel: Channel, index: number): string | undefined {
  const where = `InputDataConfig[${index}] ("${channel.ChannelName}")`
  const source = channel.DataSource.S3DataSource
  const mode = channel.InputMode ?? request.AlgorithmSpecification?.TrainingInputMode
  if (/^\.{1,2}$/.test(channel.ChannelName))
    return `${where}: ChannelName must name a folder: it is "${channel.ChannelName}".`
  if (!source) return `${where}: DataSource must be S3DataSource; file systems and datasets are not supported.`
  if (mode === 'Pipe') return `${where}: input mode Pipe is not supported: use File or FastFile.`
  if (source.S3DataType === 'AugmentedManifestFile') {
    return `${where}: S3DataType AugmentedManifestFile needs input mode Pipe, which is not supported: use ManifestFile or S3Prefix.`
  }
  if (source.S3DataType !== 'S3Prefix' && source.S3DataType !== 'ManifestFile') {
    return `${where}: S3DataType ${source.S3DataType} is not supported: use S3Prefix or ManifestFile.`
  }
  if (channel.CompressionType === 'Gzip')
    return `${where}: CompressionType Gzip is for input mode Pipe: leave it out or set None.`
  if (channel.RecordWrapperType === 'RecordIO')
    return `${where}: RecordWrapperType RecordIO is for input mode Pipe: leave it out or set None.`
  const groups = request.ResourceConfig?.InstanceGroups?.map((group) => group.InstanceGroupName) ?? []
  const unknown = source.InstanceGroupNames?.find((name) => !groups.includes(name))
  if (unknown !== undefined)
    return `${where}: InstanceGroupNames has "${unknown}", which ResourceConfig.InstanceGroups does not.`
  return undefined
}

function duplicateChannel(request: CreateTrainingJobRequest): string | undefined {
  const names = (request.InputDataConfig ?? []).map((channel) => channel.ChannelName)
  const twice = names.find((name, index) => names.indexOf(name) !== index)
  return twice === undefined ? undefined : `InputDataConfig has more than one channel named "${twice}".`
}
