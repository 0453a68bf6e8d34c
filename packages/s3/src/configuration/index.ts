import { DeleteBucketEncryption } from './delete-bucket-encryption.ts'
import { DeletePublicAccessBlock } from './delete-public-access-block.ts'
import { GetBucketAcl } from './get-bucket-acl.ts'
import { GetBucketEncryption } from './get-bucket-encryption.ts'
import { GetBucketOwnershipControls } from './get-bucket-ownership-controls.ts'
import { GetBucketVersioning } from './get-bucket-versioning.ts'
import { GetObjectAcl } from './get-object-acl.ts'
import { GetPublicAccessBlock } from './get-public-access-block.ts'
import * as neverSet from './never-set.ts'
import { PutBucketAcl } from './put-bucket-acl.ts'
import { PutBucketEncryption } from './put-bucket-encryption.ts'
import { PutBucketOwnershipControls } from './put-bucket-ownership-controls.ts'
import { PutBucketVersioning } from './put-bucket-versioning.ts'
import { PutObjectAcl } from './put-object-acl.ts'
import { PutPublicAccessBlock } from './put-public-access-block.ts'

export const configurationOperations = {
  ...neverSet,
  DeleteBucketEncryption,
  DeletePublicAccessBlock,
  GetBucketAcl,
  GetBucketEncryption,
  GetBucketOwnershipControls,
  GetBucketVersioning,
  GetObjectAcl,
  GetPublicAccessBlock,
  PutBucketAcl,
  PutBucketEncryption,
  PutBucketOwnershipControls,
  PutBucketVersioning,
  PutObjectAcl,
  PutPublicAccessBlock,
}
