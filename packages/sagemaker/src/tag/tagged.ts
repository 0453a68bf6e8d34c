import type { TagList } from '@sagebrush/contract/sagemaker'
import { type ApiError, type Collection, type Row, type Scope, validationError } from '@sagebrush/core'
import type { SageMakerContext } from '../context.ts'
import { endpointNotFound } from '../endpoint/endpoint.ts'
import { endpointConfigNotFound } from '../endpoint-config/endpoint-config.ts'
import { modelNotFound } from '../model/model.ts'
import { parseResourceArn } from '../resource-key.ts'
import { trainingJobNotFound } from '../training-job/training-job.ts'

interface Tagged {
  readonly tags: TagList
}

/** A resource that has tags, whichever kind it is. */
export interface TaggedResource {
  tags(): Promise<TagList>
  /** Writes what `change` makes of the tags, over whatever other writers do meanwhile; resolves to the tags. */
  change(change: (tags: TagList) => TagList): Promise<TagList>
}

/** The resource of one of our ARNs. Throws ValidationException for any other ARN, and for what is not there. */
export function taggedResource(ctx: SageMakerContext, arn: string): TaggedResource {
  const found = parseResourceArn(arn)
  const own = found?.scope.account === ctx.caller.account && found.scope.region === ctx.caller.region
  if (!found || !own) throw validationError(`Could not find a resource with the ARN "${arn}" that can have tags.`)
  const { scope, name, kind } = found
  switch (kind) {
    case 'training-job':
      return resource(ctx.trainingJobs, scope, name, trainingJobNotFound)
    case 'model':
      return resource(ctx.models, scope, name, () => modelNotFound(scope, name))
    case 'endpoint-config':
      return resource(ctx.endpointConfigs, scope, name, () => endpointConfigNotFound(scope, name))
    case 'endpoint':
      return resource(ctx.endpoints, scope, name, () => endpointNotFound(scope, name))
  }
}

function resource<T extends Tagged>(
  rows: Collection<T>,
  scope: Scope,
  name: string,
  notFound: () => ApiError,
): TaggedResource {
  const load = async (): Promise<Row<T>> => {
    const row = await rows.get(scope, name)
    if (!row) throw notFound()
    return row
  }
  return {
    tags: async () => (await load()).value.tags,
    change: async (change) => {
      for (;;) {
        const row = await load()
        const tags = change(row.value.tags)
        if (tags === row.value.tags || (await rows.update(scope, name, row.version, { ...row.value, tags })))
          return tags
      }
    },
  }
}
