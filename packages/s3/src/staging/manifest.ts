import { type Blobs, StagingError } from '@sagebrush/core'
import type { ObjectRecord } from '../object/object.ts'
import { parseS3Uri, type S3Location } from './s3-uri.ts'

/** What a `ManifestFile` channel lists: each name follows the prefix as it is. */
export interface Manifest {
  readonly prefix: S3Location
  readonly names: readonly string[]
}

const MAX_MANIFEST_BYTES = 64 * 1024 ** 2

/** Reads `[{"prefix": "s3://bucket/pre/"}, "a", "b"]`; throws StagingError that names the manifest and what is wrong. */
export async function readManifest(blobs: Blobs, object: ObjectRecord, uri: string): Promise<Manifest> {
  if (object.sizeBytes > MAX_MANIFEST_BYTES) {
    throw new StagingError(`The manifest ${uri} has ${object.sizeBytes} bytes; at most ${MAX_MANIFEST_BYTES} are read.`)
  }
  const chunks: Uint8Array[] = []
  for await (const chunk of await blobs.open(object.blob)) chunks.push(chunk)
  return parseManifest(Buffer.concat(chunks).toString(), uri)
}

export function parseManifest(text: string, uri: string): Manifest {
  const [first, ...names] = parseList(text, uri)
  if (typeof first !== 'object' || first === null || !('prefix' in first) || typeof first.prefix !== 'string') {
    throw invalid(uri, 'its first element must be {"prefix": "s3://bucket/…"}')
  }
  const texts = names.map((name, index) => {
    if (typeof name === 'string' && name !== '') return name
    throw invalid(uri, `element ${index + 1} must be a name relative to the prefix, not ${JSON.stringify(name)}`)
  })
  return { prefix: parseS3Uri(first.prefix), names: texts }
}

function parseList(text: string, uri: string): readonly unknown[] {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (error) {
    throw invalid(uri, `it is no JSON (${error instanceof Error ? error.message : String(error)})`, error)
  }
  if (!Array.isArray(value)) throw invalid(uri, 'it must be a JSON array')
  return value
}

function invalid(uri: string, why: string, cause?: unknown): StagingError {
  return new StagingError(`The manifest ${uri} cannot be read: ${why}.`, { cause })
}
