import { AbortMultipartUpload } from './abort-multipart-upload.ts'
import { CompleteMultipartUpload } from './complete-multipart-upload.ts'
import { CreateMultipartUpload } from './create-multipart-upload.ts'
import { ListMultipartUploads } from './list-multipart-uploads.ts'
import { ListParts } from './list-parts.ts'
import { UploadPart } from './upload-part.ts'
import { UploadPartCopy } from './upload-part-copy.ts'

export const multipartOperations = {
  AbortMultipartUpload,
  CompleteMultipartUpload,
  CreateMultipartUpload,
  ListMultipartUploads,
  ListParts,
  UploadPart,
  UploadPartCopy,
}
