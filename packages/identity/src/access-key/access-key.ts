import type { AccessKey, CollectionSpec } from '@sagebrush/core'

/** An access key as it is stored. SigV4 needs the secret itself, so it is kept readable; the home's files are ours only. */
export interface AccessKeyRecord extends AccessKey {
  readonly status: 'Active' | 'Inactive'
  readonly created: Date
  /** `account/user-name` (lower case) where an IAM user owns it. */
  readonly user?: string
  /** The user's name as it is written; for ListAccessKeys. */
  readonly userName?: string
  /** What AssumeRole was given for the session. */
  readonly session?: SessionRestrictions
}

export interface SessionRestrictions {
  /** Session policies, as JSON texts. */
  readonly policies: readonly string[]
  readonly policyArns: readonly string[]
  readonly tags: readonly { readonly Key: string; readonly Value: string }[]
  readonly transitiveTagKeys: readonly string[]
  readonly sourceIdentity?: string
}

/** Named by the access key's id, in the directory: the key says which account it belongs to. */
export const accessKeySpec: CollectionSpec<AccessKeyRecord> = {
  name: 'access_key',
  index: {
    user: (key) => key.user,
    expires: (key) => key.expires?.getTime(),
  },
}
