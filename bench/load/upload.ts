import { randomBytes } from 'node:crypto'
import { post, putStream, repeated, type S3Access } from './s3-client.ts'

/** What to upload; the uploader is a process of its own. */
export interface UploadLoad {
  readonly access: S3Access
  readonly path: string
  readonly sizeBytes: number
  /** Absent: one PUT. */
  readonly parts?: { readonly sizeBytes: number; readonly atOnce: number }
}

const block = randomBytes(1024 * 1024)

process.on('message', (load: UploadLoad) => {
  const started = performance.now()
  upload(load).then(
    () => process.send?.({ result: { seconds: (performance.now() - started) / 1000 } }),
    (error: Error) => process.send?.({ error: error.message }),
  )
})

async function upload({ access, path, sizeBytes, parts }: UploadLoad): Promise<void> {
  if (!parts) {
    await putStream(access, { path, sizeBytes, body: repeated(block, sizeBytes) })
    return
  }
  const begun = await post(access, path, 'uploads=')
  const id = /<UploadId>(.+)<\/UploadId>/.exec(begun)?.[1]
  if (!id) throw new Error(`no multipart upload was begun: ${begun}`)
  const count = Math.ceil(sizeBytes / parts.sizeBytes)
  const tags: string[] = []
  let next = 0
  const work = async () => {
    while (next < count) {
      const at = next++
      const size = Math.min(parts.sizeBytes, sizeBytes - at * parts.sizeBytes)
      const query = `partNumber=${at + 1}&uploadId=${encodeURIComponent(id)}`
      const answer = await putStream(access, { path, query, sizeBytes: size, body: repeated(block, size) })
      tags[at] = String(answer.headers.etag)
    }
  }
  await Promise.all(Array.from({ length: parts.atOnce }, work))
  const listed = tags.map((tag, at) => `<Part><PartNumber>${at + 1}</PartNumber><ETag>${tag}</ETag></Part>`)
  const whole = `<CompleteMultipartUpload>${listed.join('')}</CompleteMultipartUpload>`
  const done = await post(access, path, `uploadId=${encodeURIComponent(id)}`, whole)
  if (!done.includes('<ETag>')) throw new Error(`the upload was not completed: ${done}`)
}
