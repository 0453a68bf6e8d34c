import type { VerifiedBody } from './verified-body.ts'

/** All bytes of a body that is small by then: a limit was set when it was opened. */
export async function collect(body: Uint8Array | VerifiedBody): Promise<Uint8Array> {
  if (body instanceof Uint8Array) return body
  const parts: Uint8Array[] = []
  for await (const part of body) parts.push(part)
  return parts.length === 1 && parts[0] ? parts[0] : Buffer.concat(parts)
}
