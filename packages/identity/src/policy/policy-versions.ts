import type { PolicyVersion } from '@sagebrush/contract/iam'
import { ApiError } from '@sagebrush/core'
import { iamOperation } from '../context.ts'
import { pageOf } from '../paging.ts'
import { deleteConflict } from '../permissions.ts'
import { parsePolicy } from './document.ts'
import { changePolicy, findPolicy } from './find-policy.ts'
import { noSuchPolicy, type PolicyRecord, type PolicyVersionRecord } from './policy.ts'

const MOST_VERSIONS = 5

export const CreatePolicyVersion = iamOperation('CreatePolicyVersion', async (input, ctx) => {
  parsePolicy(input.PolicyDocument, 'identity')
  const now = ctx.now()
  const changed = await changePolicy(ctx, input.PolicyArn, (policy) => {
    if (policy.versions.length >= MOST_VERSIONS) {
      throw new ApiError(
        'LimitExceeded',
        `A managed policy can have up to ${MOST_VERSIONS} versions. Before you create a new version, you must delete an existing version.`,
        { status: 409 },
      )
    }
    const lastVersion = policy.lastVersion + 1
    const version = { id: `v${lastVersion}`, document: input.PolicyDocument, created: now }
    return {
      ...policy,
      lastVersion,
      versions: [version, ...policy.versions],
      ...(input.SetAsDefault ? { defaultVersion: version.id, updated: now } : {}),
    }
  })
  const { Document: _left, ...version } = describeVersion(changed, versionOf(changed, `v${changed.lastVersion}`))
  return { PolicyVersion: version }
})

export const GetPolicyVersion = iamOperation('GetPolicyVersion', async (input, ctx) => {
  const policy = await findPolicy(ctx, ctx.caller.account, input.PolicyArn)
  if (!policy) throw noSuchPolicy(input.PolicyArn)
  return { PolicyVersion: describeVersion(policy, versionOf(policy, input.VersionId)) }
})

export const ListPolicyVersions = iamOperation('ListPolicyVersions', async (input, ctx) => {
  const policy = await findPolicy(ctx, ctx.caller.account, input.PolicyArn)
  if (!policy) throw noSuchPolicy(input.PolicyArn)
  const page = pageOf(policy.versions, input)
  return {
    Versions: page.items.map((version) => {
      const { Document: _left, ...shown } = describeVersion(policy, version)
      return shown
    }),
    ...page.more,
  }
})

export const SetDefaultPolicyVersion = iamOperation('SetDefaultPolicyVersion', async (input, ctx) => {
  const now = ctx.now()
  await changePolicy(ctx, input.PolicyArn, (policy) => ({
    ...policy,
    defaultVersion: versionOf(policy, input.VersionId).id,
    updated: now,
  }))
  return {}
})

export const DeletePolicyVersion = iamOperation('DeletePolicyVersion', async (input, ctx) => {
  await changePolicy(ctx, input.PolicyArn, (policy) => {
    const { id } = versionOf(policy, input.VersionId)
    if (id === policy.defaultVersion) throw deleteConflict('Cannot delete the default version of a policy.')
    return { ...policy, versions: policy.versions.filter((version) => version.id !== id) }
  })
  return {}
})

/** The text of the version that counts. */
export function defaultDocument(policy: PolicyRecord): string {
  return versionOf(policy, policy.defaultVersion).document
}

function versionOf(policy: PolicyRecord, id: string): PolicyVersionRecord {
  const version = policy.versions.find((it) => it.id === id)
  if (version) return version
  throw new ApiError('NoSuchEntity', `Policy ${policy.name} version ${id} does not exist or is not attachable.`, {
    status: 404,
  })
}

function describeVersion(policy: PolicyRecord, version: PolicyVersionRecord): PolicyVersion {
  return {
    Document: encodeURIComponent(version.document),
    VersionId: version.id,
    IsDefaultVersion: version.id === policy.defaultVersion,
    CreateDate: version.created,
  }
}
