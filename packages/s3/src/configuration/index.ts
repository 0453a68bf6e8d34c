import {
  GetBucketAcl,
  GetBucketOwnershipControls,
  GetObjectAcl,
  PutBucketAcl,
  PutBucketOwnershipControls,
  PutObjectAcl,
} from './access-control.ts'
import { DeleteBucketEncryption, GetBucketEncryption, PutBucketEncryption } from './bucket-encryption.ts'
import * as neverSet from './never-set.ts'
import { DeletePublicAccessBlock, GetPublicAccessBlock, PutPublicAccessBlock } from './public-access-block.ts'
import { GetBucketVersioning, PutBucketVersioning } from './versioning.ts'

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
