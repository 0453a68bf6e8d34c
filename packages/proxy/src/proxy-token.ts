import { createHash, randomBytes, timingSafeEqual } from 'node:crypto'
import { makePrivateFolder, readOrMake } from './private-files.ts'

export const PROXY_USER = 'sagebrush'

/** The word that lets a program use the proxy: it stays, so that a shell's environment outlives a restart. */
export function proxyToken(folder: string): string {
  makePrivateFolder(folder)
  return readOrMake(folder, 'proxy-token', () => randomBytes(24).toString('base64url'))
}

/** Whether a Proxy-Authorization header holds our user and token, compared in constant time. */
export function mayUseProxy(header: string | undefined, token: string): boolean {
  const [, encoded] = /^Basic ([A-Za-z0-9+/=]+)$/i.exec(header ?? '') ?? []
  if (encoded === undefined) return false
  const digest = (text: string) => createHash('sha256').update(text).digest()
  return timingSafeEqual(digest(Buffer.from(encoded, 'base64').toString()), digest(`${PROXY_USER}:${token}`))
}
