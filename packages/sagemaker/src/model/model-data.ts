import type { ContainerDefinition } from '@sagebrush/contract/sagemaker'

/** What is staged to `/opt/ml/model`: an archive to unpack, all objects under a prefix, or one object as it is. */
export interface ModelData {
  readonly uri: string
  readonly kind: 'archive' | 'prefix' | 'object'
}

/** The model data of a container; undefined where its image holds the model itself. */
export function modelDataOf(container: ContainerDefinition): ModelData | undefined {
  const source = container.ModelDataSource?.S3DataSource
  if (source) {
    if (source.CompressionType === 'Gzip') return { uri: source.S3Uri, kind: 'archive' }
    return { uri: source.S3Uri, kind: source.S3DataType === 'S3Object' ? 'object' : 'prefix' }
  }
  if (container.ModelDataUrl === undefined || container.ModelDataUrl === '') return undefined
  return { uri: container.ModelDataUrl, kind: container.Mode === 'MultiModel' ? 'prefix' : 'archive' }
}
