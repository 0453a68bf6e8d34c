import { imageName, type TaskImage } from '@sagebrush/core'

/** What was taken for the image that a request names, as the first line of a log. */
export function imageNote(image: TaskImage, asked: string): string {
  if (image.kind === 'managed') return `Sagebrush: ${imageName(image)} stands in for ${asked} (${image.reason})`
  return `Sagebrush: ${asked} is ${image.id} (${image.reason})`
}

/** What DescribeEndpoint calls ResolvedImage. */
export function resolvedImage(image: TaskImage): string {
  if (image.kind === 'managed') return `sagebrush/${image.name}:${image.version}`
  return `${image.reference.replace(/@.*$|:[^:/]*$/, '')}@${image.id}`
}
