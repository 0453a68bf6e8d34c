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
