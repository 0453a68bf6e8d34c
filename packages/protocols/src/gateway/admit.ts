import { hash } from 'node:crypto'
import { readWhole } from '../body/read-whole.ts'
import type { Authenticator, Identity } from '../sigv4/authenticator.ts'
import type { ClaimProblem, SignatureClaim } from '../sigv4/claim.ts'
import type { AdmittedRequest } from '../wire/protocol.ts'
import type { WireRequest } from '../wire/wire-request.ts'
import type { BucketHosts } from './bucket-hosts.ts'
import type { HostedService } from './hosted-service.ts'

export interface Admission {
  readonly request: WireRequest
  readonly claim: SignatureClaim | ClaimProblem | undefined
  readonly service: HostedService
  readonly authenticator: Authenticator
  readonly hosts: BucketHosts
  /** Tells a client that waits for `100 Continue` to send its body. */
  readonly proceed: () => void
}

export interface Admitted extends AdmittedRequest {
  readonly identity: Identity
}

/** Authenticates a request, reading its body where the signature covers it whole. Throws the refusal. */
export async function admit(admission: Admission): Promise<Admitted> {
  const { request, claim, service, authenticator, proceed } = admission
  const { family } = service.protocol
  const identity = await authenticator.identify(request, claim, family)
  proceed()
  const body = await readWhole(request.message, service.bodyLimitBytes)
  authenticator.verify(request, identity, family, hash('sha256', body, 'hex'))
  return { request, identity, body }
}
