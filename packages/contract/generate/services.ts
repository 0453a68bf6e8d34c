/** The release of botocore that the contract is generated from. */
export const botocoreVersion = '1.44.5'

export interface ServiceSource {
  /** Our name: the file, the import path, the key of `Operations`. */
  readonly name: string
  /** The folder under botocore's `data/`. */
  readonly model: string
  /** Prefix of the service's own type names. */
  readonly typeName: string
}

/** A service is added by a line here and `npm run contract:generate`. */
export const services: readonly ServiceSource[] = [
  { name: 'sagemaker', model: 'sagemaker', typeName: 'SageMaker' },
  { name: 'sagemaker-runtime', model: 'sagemaker-runtime', typeName: 'SageMakerRuntime' },
  { name: 's3', model: 's3', typeName: 'S3' },
  { name: 'sts', model: 'sts', typeName: 'Sts' },
  { name: 'iam', model: 'iam', typeName: 'Iam' },
  { name: 'logs', model: 'logs', typeName: 'Logs' },
]
