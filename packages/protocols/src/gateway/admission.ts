import type { AccessKey } from '@sagebrush/core'
import type { Authenticator, Identity } from '../sigv4/authenticator.ts'
import type { ClaimProblem, SignatureClaim } from '../sigv4/claim.ts'
import type { AdmittedRequest, Answer, RoutedOperation } from '../wire/protocol.ts'
import type { WireRequest } from '../wire/wire-request.ts'
import type { BucketHosts } from './bucket-hosts.ts'
import type { HostedService } from './hosted-service.ts'

export interface Admission {
  readonly request: WireRequest
  readonly claim: SignatureClaim | ClaimProblem | undefined
  readonly service: HostedService
  readonly authenticator: Authenticator
  readonly hosts: BucketHosts
  readonly now: () => Date
  /** Of requests whose signature names none. */
  readonly defaultRegion: string
  /** Tells a client that waits for `100 Continue` to send its body. May be called more than once. */
  readonly proceed: () => void
  /** Called as soon as they are known, for the log line of a request that fails later. */
  readonly onIdentity: (identity: Pick<Identity, 'key'>) => void
  readonly onRouted: (routed: RoutedOperation) => void
}

export interface Admitted extends AdmittedRequest {
  readonly identity: { readonly key: AccessKey; readonly claim: { readonly region: string } }
  readonly routed: RoutedOperation
  /** Makes another answer of the operation's own: a browser's form upload is answered otherwise than a PUT. */
  readonly answer?: (answer: Answer, output: Readonly<Record<string, unknown>>) => Answer
}
