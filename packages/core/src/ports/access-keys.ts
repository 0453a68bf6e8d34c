import type { Scope } from '../caller.ts'

/** An access key as the authenticator needs it. */
export interface AccessKey {
  readonly accessKeyId: string
  readonly secretAccessKey: string
  /** Present for temporary credentials: the request must carry it. */
  readonly sessionToken?: string
  readonly expires?: Date
  readonly account: string
  readonly arn: string
  readonly userId: string
}

/** Answers from memory: it is asked for every request. */
export interface AccessKeys {
  find(accessKeyId: string): Promise<AccessKey | undefined>
}

export interface RoleCredentials {
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly sessionToken: string
  readonly expires: Date
}

/** What services ask of identity when a request names an execution role. */
export interface ExecutionRoles {
  /**
   * Makes sure that SageMaker may use the role: in `auto` mode a missing one is made (`created: true`), in `strict`
   * mode it throws AWS's ValidationException, as for a role whose trust policy leaves SageMaker out.
   */
  require(scope: Scope, roleArn: string): Promise<{ readonly created: boolean }>
  /** Credentials of the role for one task, valid for `seconds`. */
  credentials(scope: Scope, roleArn: string, sessionName: string, seconds: number): Promise<RoleCredentials>
}
