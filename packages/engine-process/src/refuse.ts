import { imageName, type RefusableSpec } from '@sagebrush/core'
import type { ImageTable } from '@sagebrush/managed-images'
import type { ProbeResult } from './probe.ts'

/** What this engine can never run here, as a message for the user; undefined where it can. */
export function refusal(spec: RefusableSpec, probe: ProbeResult, images: ImageTable): string | undefined {
  if (spec.image.kind !== 'managed') {
    return (
      `The process engine runs managed images only, and "${imageName(spec.image)}" is a container's: start Docker or ` +
      'Podman and set the engine to "auto" ("sagebrush doctor" says what is there).'
    )
  }
  if (!images.find(spec.image))
    return `The process engine has no managed image "${spec.image.name}" ${spec.image.version}.`
  if (probe.namespaces !== 'none') return undefined
  const why = `this machine gives the process engine no private namespaces (${probe.namespacesReason})`
  if ([...(spec.entrypoint ?? []), ...spec.command].some((word) => word.includes('/opt/ml'))) {
    return (
      `The command names /opt/ml, which does not exist here: ${why}. Use script mode, whose SM_* variables say where ` +
      'things are, or allow namespaces ("sagebrush doctor" says how), or use the docker engine.'
    )
  }
  if (spec.hosts.length > 1) {
    return (
      `A job of ${spec.hosts.length} instances needs host names of its own: ${why}. Use one instance, or allow ` +
      'namespaces ("sagebrush doctor" says how), or use the docker engine.'
    )
  }
  return undefined
}
