/** Where a row, a blob or a log stream belongs. Nothing is ever looked up without one. */
export interface Scope {
  /** 12 digits. */
  readonly account: string
  /** Such as `us-east-1`; from the signature's credential scope. */
  readonly region: string
}

/** Who signed the request, as its signature and the access key's record prove. */
export interface Caller extends Scope {
  readonly accessKeyId: string
  /** `arn:aws:sts::123456789012:assumed-role/ROLE/session`, `arn:aws:iam::…:user/NAME` or `…:root`. */
  readonly arn: string
  /** IAM's unique id of the principal (`AROA…:session`, `AIDA…`). */
  readonly userId: string
}

/** `account/region`: a scope as one word, for keys of maps and folders. */
export function scopeKey(scope: Scope): string {
  return `${scope.account}/${scope.region}`
}
