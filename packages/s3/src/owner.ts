import { createHash } from 'node:crypto'
import type { Owner } from '@sagebrush/contract/s3'
import type { Scope } from '@sagebrush/core'

/** The canonical user id of an account: 64 hexadecimal digits that stay the same for ever. S3 tells no display name. */
export function ownerOf(scope: Pick<Scope, 'account'>): Owner {
  return { ID: createHash('sha256').update(`sagebrush-canonical-user:${scope.account}`).digest('hex') }
}
