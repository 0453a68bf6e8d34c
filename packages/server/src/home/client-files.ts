import { mkdirSync, readFileSync } from 'node:fs'
import { rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

/** What a client on this machine needs to know; written by the server into the home, for its owner only. */
export interface ClientFacts {
  readonly url: string
  readonly region: string
  readonly account: string
  readonly accessKeyId: string
  readonly secretAccessKey: string
  /** The role that `get_execution_role()` and the examples use. */
  readonly roleArn: string
  /** Absent where the proxy is off. With its own user and password: other users of the machine cannot use it. */
  readonly proxyUrl?: string | undefined
  /** The system's certificates and our own. */
  readonly caBundle?: string | undefined
}

export interface ClientFiles {
  readonly configFile: string
  readonly credentialsFile: string
  readonly factsFile: string
}

export function clientFiles(home: string): ClientFiles {
  const folder = join(home, 'client')
  return {
    configFile: join(folder, 'config'),
    credentialsFile: join(folder, 'credentials'),
    factsFile: join(folder, 'facts.json'),
  }
}

/** Writes the files that AWS's clients read in place of `~/.aws/config` and `~/.aws/credentials`. */
export async function writeClientFiles(home: string, facts: ClientFacts): Promise<ClientFiles> {
  const files = clientFiles(home)
  mkdirSync(join(home, 'client'), { recursive: true, mode: 0o700 })
  await replace(files.configFile, `[default]\nregion = ${facts.region}\n`)
  await replace(
    files.credentialsFile,
    `[default]\naws_access_key_id = ${facts.accessKeyId}\naws_secret_access_key = ${facts.secretAccessKey}\n`,
  )
  await replace(files.factsFile, `${JSON.stringify(facts, null, 2)}\n`)
  return files
}

export function readClientFacts(home: string): ClientFacts {
  return JSON.parse(readFileSync(clientFiles(home).factsFile, 'utf8')) as ClientFacts
}

async function replace(file: string, content: string): Promise<void> {
  await writeFile(`${file}.new`, content, { mode: 0o600 })
  await rename(`${file}.new`, file)
}
