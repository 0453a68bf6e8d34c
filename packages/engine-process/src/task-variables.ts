import { readFile } from 'node:fs/promises'
import { join } from 'node:path'

const SYSTEM_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'

// What reaches networks and package indexes as the server's user does, and nothing else of the server's.
const PASSED = [
  'HTTP_PROXY',
  'HTTPS_PROXY',
  'ALL_PROXY',
  'NO_PROXY',
  'http_proxy',
  'https_proxy',
  'all_proxy',
  'no_proxy',
  'SSL_CERT_FILE',
  'SSL_CERT_DIR',
  'REQUESTS_CA_BUNDLE',
  'CURL_CA_BUNDLE',
  'TZ',
]
// Those would send a task's packages elsewhere, or name files that it cannot see.
const PIP_KEPT_BACK = new Set([
  'PIP_CACHE_DIR',
  'PIP_CONFIG_FILE',
  'PIP_TARGET',
  'PIP_PREFIX',
  'PIP_ROOT',
  'PIP_USER',
  'PIP_REQUIRE_VIRTUALENV',
  'PIP_REQUIRE_VENV',
  'PIP_LOG',
])

export type Variables = Readonly<Record<string, string | undefined>>

/** The whole environment of a task's command, but for what `spec.environment` adds or overrides. */
export function taskVariables(parts: {
  readonly server: Variables
  readonly image: Readonly<Record<string, string>>
  readonly environmentFolder: string
  readonly toolkit: string
  readonly home: string
  readonly pipCache: string
  readonly compiled: string
}): Record<string, string> {
  const passed = Object.entries(parts.server).filter(
    (entry): entry is [string, string] =>
      entry[1] !== undefined &&
      (PASSED.includes(entry[0]) || (entry[0].startsWith('PIP_') && !PIP_KEPT_BACK.has(entry[0]))),
  )
  return {
    ...Object.fromEntries(passed),
    LANG: 'C.UTF-8',
    PYTHONUNBUFFERED: '1',
    ...parts.image,
    PATH: `${join(parts.toolkit, 'bin')}:${join(parts.environmentFolder, 'bin')}:${SYSTEM_PATH}`,
    HOME: parts.home,
    VIRTUAL_ENV: parts.environmentFolder,
    PIP_CACHE_DIR: parts.pipCache,
    PIP_DISABLE_PIP_VERSION_CHECK: '1',
    SAGEBRUSH_PYCACHE: parts.compiled,
  }
}

/**
 * pip's settings of the server's user, for the task's own `home`: a private index must be found there too. The files
 * to write below it and the variables to set.
 */
export async function pipSettings(
  server: Variables,
  home: string,
): Promise<{ readonly files: { path: string; content: string }[]; readonly variables: Record<string, string> }> {
  const ownHome = server.HOME ?? '/'
  const user = join(server.XDG_CONFIG_HOME ?? join(ownHome, '.config'), 'pip/pip.conf')
  const places: [source: string, path: string][] = [
    [user, '.config/pip/pip.conf'],
    [join(ownHome, '.pip/pip.conf'), '.pip/pip.conf'],
  ]
  const named = server.PIP_CONFIG_FILE
  if (named === '/dev/null') return { files: [], variables: { PIP_CONFIG_FILE: named } } // pip reads none, then
  if (named) places.push([named, '.pip-config-file'])
  const texts = await Promise.all(
    places.map(async ([source, path]) => ({ path, content: await readFile(source, 'utf8').catch(() => '') })),
  )
  const files = texts.filter(({ content }) => content !== '')
  return { files, variables: named ? { PIP_CONFIG_FILE: join(home, '.pip-config-file') } : {} }
}

/** The server's settings of pip that mean the same in a container: no files of this machine, no address of its loopback. */
export function packageIndex(server: Variables): Record<string, string> {
  const kept = Object.entries(server).filter(
    (entry): entry is [string, string] =>
      entry[1] !== undefined &&
      entry[0].startsWith('PIP_') &&
      !PIP_KEPT_BACK.has(entry[0]) &&
      !/^\/|^file:|localhost|127\.0\.0\.1/.test(entry[1]),
  )
  return Object.fromEntries(kept)
}
