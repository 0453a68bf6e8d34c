/** The domains that the local authority may speak for. */
export const AWS_DOMAINS = ['amazonaws.com', 'amazonaws.com.cn', 'api.aws'] as const

/** `REGION` of AWS's host names. */
const REGION = '[a-z]{2}(?:-[a-z]+)+-\\d'
const END = '(?:amazonaws\\.com(?:\\.cn)?|api\\.aws)'

/** The hosts of the services that this server answers for, S3's with a bucket in front included. */
const HELD = new RegExp(
  [
    `(?:sts|sts-fips)(?:\\.${REGION})?`,
    `iam(?:-fips)?(?:\\.${REGION})?`,
    `logs(?:-fips)?\\.${REGION}`,
    `(?:api|api-fips|runtime|runtime-fips)\\.sagemaker\\.${REGION}`,
    `sagemaker(?:-fips)?\\.${REGION}`,
    `runtime-sagemaker(?:-fips)?\\.${REGION}`,
    `(?:.+\\.)?s3(?:-fips)?(?:[.-](?:dualstack\\.)?(?:external-1|${REGION}))?`,
  ]
    .map((name) => `^${name}\\.${END}$`)
    .join('|'),
)

/** The Python SDK's count of who uses what: asked of AWS at every call, and of no use to anybody here. */
const TELEMETRY = new RegExp(`^sm-pysdk-t-${REGION}\\.s3\\.${REGION}\\.amazonaws\\.com(?:\\.cn)?$`)

export function isAwsHost(host: string): boolean {
  return AWS_DOMAINS.some((domain) => host === domain || host.endsWith(`.${domain}`))
}

export function isHeldHost(host: string): boolean {
  return HELD.test(host)
}

export function isTelemetryHost(host: string): boolean {
  return TELEMETRY.test(host)
}

/** `HOST` itself, or `*.DOMAIN` for everything below a domain. */
export function matchesHost(host: string, patterns: readonly string[]): boolean {
  return patterns.some((pattern) => {
    const wanted = pattern.toLowerCase()
    return wanted.startsWith('*.') ? host.endsWith(wanted.slice(1)) : host === wanted
  })
}

/** `host:port` of a CONNECT request, brackets of IPv6 taken off; undefined where it is none. */
export function parseAuthority(authority: string): { readonly host: string; readonly port: number } | undefined {
  const [, bracketed, plain, digits] = /^(?:\[([0-9a-fA-F:.]+)\]|([^:@/\s]+)):(\d{1,5})$/.exec(authority) ?? []
  const host = bracketed ?? plain
  const port = Number(digits)
  if (host === undefined || !(port > 0 && port < 65_536)) return undefined
  return { host: host.toLowerCase().replace(/\.$/, ''), port }
}
