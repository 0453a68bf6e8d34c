import { formatArn, parseArn, type Scope } from '@sagebrush/core'

/** As in ARNs and in the keys of hints. */
export type ResourceKind = 'training-job' | 'model' | 'endpoint-config' | 'endpoint'

/** `arn:aws:sagemaker:REGION:ACCOUNT:KIND/name`. */
export function resourceArn(kind: ResourceKind, scope: Scope, name: string): string {
  return formatArn('sagemaker', scope, `${kind}/${name}`)
}

/** `kind/account/region/name`: the key under which a resource's changes are hinted. */
export function hintKey(kind: ResourceKind, scope: Scope, name: string): string {
  return `${kind}/${scope.account}/${scope.region}/${name}`
}

/** The scope and name behind a hint's key of that kind; undefined for a key of another. */
export function parseHintKey(kind: ResourceKind, key: string): { scope: Scope; name: string } | undefined {
  const [kindOfKey, account, region, name] = key.split('/')
  if (kindOfKey !== kind || !account || !region || !name) return undefined
  return { scope: { account, region }, name }
}

const KINDS: readonly string[] = ['training-job', 'model', 'endpoint-config', 'endpoint'] satisfies ResourceKind[]

/** Kind and name of one of this service's ARNs; undefined for anything else. */
export function parseResourceArn(arn: string): { kind: ResourceKind; scope: Scope; name: string } | undefined {
  const parts = parseArn(arn)
  if (parts?.service !== 'sagemaker') return undefined
  const [kind, name] = parts.resource.split('/')
  if (!kind || !name || !KINDS.includes(kind)) return undefined
  return { kind: kind as ResourceKind, scope: { account: parts.account, region: parts.region }, name }
}
