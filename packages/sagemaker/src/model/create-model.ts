import type { ContainerDefinition, CreateModelInput } from '@sagebrush/contract/sagemaker'
import { StagingError, validationError } from '@sagebrush/core'
import { operation, type SageMakerContext } from '../context.ts'
import { nulRefusal } from '../nul.ts'
import { containersOf, modelExists, newModel } from './model.ts'
import { modelDataOf } from './model-data.ts'

export const CreateModel = operation('CreateModel', async (input, ctx) => {
  const model = newModel(ctx.caller, input, ctx.now())
  if (await ctx.models.get(ctx.caller, model.name)) throw modelExists(model.arn)
  requireContainers(input)
  for (const container of containersOf(model)) await requireContainer(container, ctx)
  if (input.ExecutionRoleArn) await ctx.roles.require(ctx.caller, input.ExecutionRoleArn)
  if (!(await ctx.models.insert(ctx.caller, model.name, model))) throw modelExists(model.arn)
  return { ModelArn: model.arn }
})

function requireContainers(input: CreateModelInput): void {
  const lists = Number(input.PrimaryContainer !== undefined) + Number((input.Containers ?? []).length > 0)
  if (lists !== 1) throw validationError('You must provide exactly one of PrimaryContainer and Containers.')
  const nul = [
    nulRefusal('PrimaryContainer.Environment', input.PrimaryContainer?.Environment),
    ...(input.Containers ?? []).map((of, index) => nulRefusal(`Containers[${index}].Environment`, of.Environment)),
  ].find((text) => text !== undefined)
  if (nul !== undefined) throw validationError(nul)
}

async function requireContainer(container: ContainerDefinition, ctx: SageMakerContext): Promise<void> {
  if (container.ModelPackageName !== undefined) {
    throw validationError(
      `ModelPackageName "${container.ModelPackageName}" is not supported yet: give Image and ModelDataUrl.`,
    )
  }
  if (container.Image === undefined) throw validationError('A container must name its Image.')
  const resolved = await ctx.images.resolve(container.Image)
  if ('missing' in resolved) throw validationError(`Cannot find image "${container.Image}". ${resolved.missing}`)
  const data = modelDataOf(container)
  if (!data) return
  if (!data.uri.startsWith('s3://'))
    throw validationError(`Model data "${data.uri}" must be of the form s3://bucket/key.`)
  const absent = `Could not find model data at ${data.uri}.`
  const found = await ctx.objects
    .has(ctx.caller, { kind: data.kind === 'prefix' ? 'prefix' : 'object', uri: data.uri })
    .catch((error: unknown) => {
      if (error instanceof StagingError) throw validationError(`${absent} ${error.message}`)
      throw error
    })
  if (!found) throw validationError(absent)
  await requireETag(container, ctx)
}

/** An object of another ETag is another model than the one that was meant. A prefix has none. */
async function requireETag({ ModelDataSource }: ContainerDefinition, ctx: SageMakerContext): Promise<void> {
  const { ETag: wanted, S3DataType, S3Uri: uri = '' } = ModelDataSource?.S3DataSource ?? {}
  if (wanted === undefined || S3DataType !== 'S3Object') return
  const etag = await ctx.objects.etag(ctx.caller, uri)
  if (etag === wanted.replace(/^"(.*)"$/, '$1')) return
  throw validationError(
    `ModelDataSource.S3DataSource.ETag "${wanted}" is not that of ${uri}, which is "${etag}": give that one, or leave it out.`,
  )
}
