import { isIP } from 'node:net'

export interface VirtualHostOptions {
  /** Host names under which `BUCKET.<name>` addresses a bucket, beside AWS's own and `[s3.]localhost`; without port. */
  readonly s3HostSuffixes?: readonly string[]
}

/** The bucket that a Host header names, or undefined where the bucket stands in the path. */
export type BucketHosts = (host: string | undefined) => string | undefined

/** `s3.amazonaws.com`, `s3.us-east-1.amazonaws.com`, `s3-us-west-2.…`, `s3.dualstack.…`, and China's `.cn`. */
const AWS_S3 = /^(?:(.+)\.)?s3(?:[.-](?:dualstack\.)?[a-z0-9-]+)?\.amazonaws\.com(?:\.cn)?$/

export function bucketHosts({ s3HostSuffixes = [] }: VirtualHostOptions): BucketHosts {
  const names = ['s3.localhost', 'localhost', ...s3HostSuffixes].map((name) => name.toLowerCase())
  const suffixes = names.map((name) => `.${name}`)
  return (header) => {
    if (header === undefined) return undefined
    const host = withoutPort(header.toLowerCase())
    const aws = AWS_S3.exec(host)
    if (aws) return aws[1]
    if (isIP(host) || names.includes(host)) return undefined
    const suffix = suffixes.find((name) => host.endsWith(name) && host.length > name.length)
    return suffix && host.slice(0, -suffix.length)
  }
}

function withoutPort(host: string): string {
  if (host.startsWith('[')) return host.slice(1, host.indexOf(']'))
  const colon = host.lastIndexOf(':')
  return colon < 0 ? host : host.slice(0, colon)
}
