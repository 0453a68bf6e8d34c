import { hash } from 'node:crypto'
import { readBeginning } from '../body/read-beginning.ts'
import { readWhole } from '../body/read-whole.ts'
import { normalizePath } from '../wire/percent.ts'
import type { Admission, Admitted } from './admission.ts'
import { admitS3 } from './admit-s3.ts'

/** Authenticates a request and finds its operation. Throws the refusal, or the error that there is no such operation. */
export async function admit(admission: Admission): Promise<Admitted> {
  if (admission.service.protocol.family === 's3') return admitS3(admission)
  const { claim, service, authenticator } = admission
  const { family } = service.protocol
  if (!claim && family === 'query') await nameUnsignedOperation(admission)
  const identity = await authenticator.identify(admission.request, claim, family)
  admission.proceed()
  const body = await readWhole(admission.request.message, service.bodyLimitBytes)
  // The body's own hash, not the header that states one: a wrong header fails as a wrong signature.
  authenticator.verify(admission.request, identity, family, hash('sha256', body, 'hex'))
  admission.onIdentity(identity)
  // The signature is over the normal form of the path, so nothing but that may decide what is done.
  const request = { ...admission.request, path: normalizePath(admission.request.path) }
  const routed = service.protocol.route({ request, body })
  if (!routed) throw service.protocol.unknownOperation({ request, body })
  admission.onRouted(routed)
  return { request, identity, routed, body }
}

/** The clients of AWS send the action first. */
const UNSIGNED_BODY_BYTES = 4 * 1024
/** What is not there by then is not waited for: nobody knows who asks. */
const UNSIGNED_BODY_MS = 2_000
const AMPERSAND = 0x26

/**
 * Some operations of STS are called unsigned (AssumeRoleWithWebIdentity: the token proves who asks). None of them is
 * there yet, and being told so helps more than being told that a signature is missing.
 */
async function nameUnsignedOperation({ request, service, proceed, onRouted }: Admission): Promise<void> {
  proceed()
  const { bytes, isWhole } = await readBeginning(request.message, UNSIGNED_BODY_BYTES, UNSIGNED_BODY_MS)
  // Of a part of a body the last parameter may be cut: AssumeRole is another operation than AssumeRoleWithSAML.
  const body = isWhole ? bytes : bytes.subarray(0, Math.max(0, bytes.lastIndexOf(AMPERSAND)))
  const routed = service.protocol.route({ request, body })
  if (routed?.operation.authtype === 'none') onRouted(routed)
}
