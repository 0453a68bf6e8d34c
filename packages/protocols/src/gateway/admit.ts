import { hash } from 'node:crypto'
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

/** Two web identities or a SAML assertion, form-encoded, are less. */
const UNSIGNED_BODY_BYTES = 256 * 1024

/**
 * Some operations of STS are called unsigned (AssumeRoleWithWebIdentity: the token proves who asks). None of them is
 * there yet, and being told so helps more than being told that a signature is missing.
 */
async function nameUnsignedOperation({ request, service, proceed, onRouted }: Admission): Promise<void> {
  const { 'content-length': length = '0', 'transfer-encoding': coding } = request.headers
  if (coding !== undefined || Number(length) > UNSIGNED_BODY_BYTES) return
  proceed()
  const body = await readWhole(request.message, UNSIGNED_BODY_BYTES)
  const routed = service.protocol.route({ request, body })
  if (routed?.operation.authtype === 'none') onRouted(routed)
}
