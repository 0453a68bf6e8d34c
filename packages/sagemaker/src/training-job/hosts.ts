import type { ResourceConfig } from '@sagebrush/contract/sagemaker'

/** One machine of a job, as resourceconfig.json names it. */
export interface Host {
  /** `algo-1`, `algo-2`, … */
  readonly name: string
  readonly instanceType: string
  readonly group: string
}

/** The name that AWS gives to the only group of a job without instance groups. */
const HOMOGENEOUS = 'homogeneousCluster'

/** The hosts of a job, group after group; instance groups where the request names some, else InstanceCount of one type. */
export function hostsOf(config: ResourceConfig | undefined): Host[] {
  return groupsOf(config)
    .flatMap((group) => Array.from({ length: group.InstanceCount }, () => group))
    .map((group, index) => ({
      name: `algo-${index + 1}`,
      instanceType: group.InstanceType,
      group: group.InstanceGroupName,
    }))
}

/** How many hosts those are, without making them. */
export function hostCount(config: ResourceConfig | undefined): number {
  return groupsOf(config).reduce((sum, group) => sum + group.InstanceCount, 0)
}

function groupsOf(config: ResourceConfig | undefined) {
  if (config?.InstanceGroups?.length) return config.InstanceGroups
  const { InstanceType = 'ml.m5.large', InstanceCount = 1 } = config ?? {}
  return [{ InstanceGroupName: HOMOGENEOUS, InstanceType, InstanceCount }]
}
