import type { Scope } from './caller.ts'

export interface Arn {
  readonly partition: string
  readonly service: string
  readonly region: string
  readonly account: string
  /** Everything after the fifth colon: `training-job/name`, `role/path/name`, `bucket/key`. */
  readonly resource: string
}

/** `arn:aws:SERVICE:REGION:ACCOUNT:RESOURCE`, in the partition that the region belongs to. */
export function formatArn(service: string, scope: Scope, resource: string): string {
  return `arn:${partitionOf(scope.region)}:${service}:${scope.region}:${scope.account}:${resource}`
}

/** The parts of an ARN, or undefined where the text is none. */
export function parseArn(text: string): Arn | undefined {
  const [prefix, partition, service, region, account, ...resource] = text.split(':')
  if (prefix !== 'arn' || !partition || !service || region === undefined || account === undefined) return undefined
  if (resource.length === 0) return undefined
  return { partition, service, region, account, resource: resource.join(':') }
}

/** AWS's partition of a region: China and GovCloud have their own. */
export function partitionOf(region: string): string {
  if (region.startsWith('cn-')) return 'aws-cn'
  if (region.startsWith('us-gov-')) return 'aws-us-gov'
  return 'aws'
}
