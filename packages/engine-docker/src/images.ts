import { type ContainerImage, imageName, StagingError, type TaskImage } from '@sagebrush/core'
import { nearestNames } from '@sagebrush/managed-images'
import type { EngineApi } from './engine-api.ts'

interface Inspected {
  readonly Id: string
  readonly Architecture: string
  readonly RepoTags?: readonly string[] | null
  readonly Config?: { readonly User?: string } | null
}

/** The image that the engine has under the name, or words for the user: which names come nearest, how to get it. */
export async function findImage(
  api: EngineApi,
  uri: string,
): Promise<{ readonly image: ContainerImage } | { readonly missing: string }> {
  const found = (await api.find('GET', `/images/${uri}/json`)) as Inspected | undefined
  if (found) {
    const reason = 'an image of the container engine on this machine'
    return { image: { kind: 'container', reference: uri, id: found.Id, reason } }
  }
  const all = (await api.call('GET', '/images/json')) as readonly Inspected[]
  const names = all.flatMap(({ RepoTags }) => RepoTags ?? []).filter((name) => !/^(sagebrush\/|<none>)/.test(name))
  const nearest = nearestNames(uri, names)
  const like = nearest.length > 0 ? ` The nearest names are ${nearest.join(', ')}.` : ''
  return { missing: `The container engine has no image of that name: build it, or "docker pull ${uri}".${like}` }
}

/** What is run for a reference, and as whom. Throws StagingError where the image has gone meanwhile. */
export async function localImage(
  api: EngineApi,
  reference: string,
  asked: TaskImage,
): Promise<{ readonly id: string; readonly user: string }> {
  const found = (await api.find('GET', `/images/${reference}/json`)) as Inspected | undefined
  if (!found) {
    throw new StagingError(
      `The image ${imageName(asked)} (${reference}) is no longer there: it was removed since the request was taken. ` +
        'Build or pull it again.',
    )
  }
  const user = found.Config?.User ?? ''
  return { id: found.Id, user: /^(0|root)?(:.*)?$/.test(user) ? '' : user }
}
