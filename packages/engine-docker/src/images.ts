import { type ContainerImage, imageName, StagingError, type TaskImage } from '@sagebrush/core'
import { nearestNames } from '@sagebrush/managed-images'
import type { EngineApi } from './engine-api.ts'

interface Inspected {
  readonly Id: string
  readonly Architecture: string
  readonly RepoTags?: readonly string[] | null
  readonly Config?: { readonly User?: string } | null
}

/** The engine refuses longer ones. */
const MOST_CHARACTERS = 255 - 'docker.io/library/'.length

/** The image that the engine has under the name, or undefined. */
export async function findImage(api: EngineApi, uri: string): Promise<ContainerImage | undefined> {
  if (!isReference(uri)) return undefined
  const found = (await api.find('GET', `/images/${uri}/json`)) as Inspected | undefined
  if (!found) return undefined
  const reason = 'an image of the container engine on this machine'
  return { kind: 'container', reference: uri, id: found.Id, reason }
}

/** Names of the engine's images that look most like `uri`, best first: for an error's text. */
export async function nearestImages(api: EngineApi, uri: string): Promise<readonly string[]> {
  const all = (await api.call('GET', '/images/json')) as readonly Inspected[]
  const names = all.flatMap(({ RepoTags }) => RepoTags ?? [])
  const asked = /:[^/]+$/.test(uri) ? uri : `${uri}:latest`
  return nearestNames(
    asked,
    names.filter((name) => !/^(sagebrush\/|<none>)/.test(name)),
  )
}

/** `[registry[:port]/]repository[:tag][@digest]`, as the OCI's distribution specification has it, or a digest alone. */
function isReference(text: string): boolean {
  if (text.length > MOST_CHARACTERS) return false
  const part = '[a-z0-9]+(?:(?:\\.|__?|-+)[a-z0-9]+)*'
  const registry = '(?:[A-Za-z0-9][A-Za-z0-9.-]*(?::\\d+)?/)?'
  return new RegExp(
    `^(?:${registry}${part}(?:/${part})*(?::\\w[\\w.-]{0,127})?(?:@\\w+:[0-9a-f]+)?|sha256:[0-9a-f]{64})$`,
  ).test(text)
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

/** Says that the image is made for another processor than the engine's; undefined where it is not. */
export async function otherPlatform(api: EngineApi, image: string): Promise<string | undefined> {
  const [found, machine] = (await Promise.all([
    api.find('GET', `/images/${image}/json`),
    api.call('GET', '/version'),
  ])) as [Inspected | undefined, { readonly Arch: string }]
  if (!found?.Architecture || found.Architecture === machine.Arch) return undefined
  return `The image is made for ${found.Architecture} and this machine is ${machine.Arch}: build or pull it with "--platform linux/${machine.Arch}".`
}
