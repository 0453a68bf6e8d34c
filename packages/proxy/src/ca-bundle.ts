import { join } from 'node:path'
import { rootCertificates } from 'node:tls'
import { readIfThere, replaceFile } from './private-files.ts'

/** Where Linux distributions, the BSDs and macOS keep the certificates that they trust, in one file. */
const SYSTEM_BUNDLES = [
  '/etc/ssl/certs/ca-certificates.crt',
  '/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem',
  '/etc/pki/tls/certs/ca-bundle.crt',
  '/etc/ssl/ca-bundle.pem',
  '/etc/ssl/cert.pem',
]

/**
 * Writes one file of everything that a client shall trust: our authority, and the system's (the user's own bundle where
 * one is given; Node's where the system has none). A client that is told of it still reaches every other host.
 */
export function writeCaBundle(folder: string, authority: string, ownBundle: string | undefined): string {
  const path = join(folder, 'ca-bundle.pem')
  // A server that was started under its own environment is given this very file.
  const others = systemBundle(ownBundle).replaceAll(authority, '').trimStart()
  replaceFile(path, `${authority}\n${others}`, 0o644)
  return path
}

function systemBundle(ownBundle: string | undefined): string {
  if (ownBundle !== undefined) {
    const own = readIfThere(ownBundle)
    if (own === undefined) throw new Error(`The CA bundle ${ownBundle} is not there`)
    return own
  }
  for (const path of SYSTEM_BUNDLES) {
    const bundle = readIfThere(path)
    if (bundle?.includes('-----BEGIN CERTIFICATE-----')) return bundle
  }
  return `${rootCertificates.join('\n')}\n`
}
