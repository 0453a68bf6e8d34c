import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'

export interface PublishedModel {
  /** Path inside botocore's `data/`, without `.gz`. */
  readonly file: string
  /** SHA-256 of the JSON text, so that packed and unpacked releases agree. */
  readonly sha256: string
  readonly model: unknown
}

/** Runs `use` on botocore's folder: the given one, or that of the wheel from PyPI, unpacked aside and removed after. */
export function withBotocore<T>(given: string | undefined, version: string, use: (folder: string) => T): T {
  if (given) return use(checkVersion(given, version))
  const folder = mkdtempSync(join(tmpdir(), 'botocore-'))
  try {
    const quiet = ['--disable-pip-version-check', '--quiet']
    python(['-m', 'pip', 'download', ...quiet, '--no-deps', '--dest', folder, `botocore==${version}`])
    const wheel = readdirSync(folder).find((file) => file.endsWith('.whl'))
    if (!wheel) throw new Error(`pip brought no wheel of botocore ${version}`)
    python(['-m', 'zipfile', '-e', join(folder, wheel), folder])
    return use(checkVersion(join(folder, 'botocore'), version))
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** The newest published model of a service. */
export function readModel(botocore: string, service: string): PublishedModel {
  const versions = readdirSync(join(botocore, 'data', service))
    .sort()
    .reverse()
  for (const version of versions) {
    const file = join(service, version, 'service-2.json')
    const plain = join(botocore, 'data', file)
    const json = existsSync(plain)
      ? readFileSync(plain)
      : existsSync(`${plain}.gz`) && gunzipSync(readFileSync(`${plain}.gz`))
    if (json)
      return { file, sha256: createHash('sha256').update(json).digest('hex'), model: JSON.parse(json.toString()) }
  }
  throw new Error(`no service-2.json of ${service} under ${botocore}`)
}

function checkVersion(botocore: string, version: string): string {
  const found = /^__version__ = '(.+)'$/m.exec(readFileSync(join(botocore, '__init__.py'), 'utf8'))?.[1]
  if (found !== version) throw new Error(`${botocore} is botocore ${found}; generate/services.ts asks for ${version}`)
  return botocore
}

function python(args: readonly string[]): void {
  execFileSync('python3', args, { stdio: ['ignore', 'inherit', 'inherit'] })
}
