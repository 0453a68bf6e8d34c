import { createHash } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { SharedWork } from '@sagebrush/task-folder'
import type { ArchiveWorker } from './archive/archive-worker.ts'
import type { EngineApi } from './engine-api.ts'
import { toldWhile } from './told-while.ts'

/** A managed image's environment as it was built on this machine, and what goes around it. */
export interface BuiltEnvironment {
  readonly image: string
  readonly version: string
  /** The virtual environment. */
  readonly folder: string
  /** The version of its Python, `3.11.7`. */
  readonly python: string
  /** The in-task toolkit. */
  readonly toolkit: string
  readonly variables: Readonly<Record<string, string>>
  /** Of this server's tasks alone, such as where its package index is: never in the image. */
  readonly taskVariables: Readonly<Record<string, string>>
}

/**
 * What an environment is laid on: the distribution whose own Python is of the same minor version, or compiled packages
 * would not load. All have a glibc that is no older than what the wheels of their time ask for.
 */
const BASES: Readonly<Record<string, string>> = {
  '3.9': 'debian:bullseye-slim',
  '3.10': 'ubuntu:22.04',
  '3.11': 'debian:bookworm-slim',
  '3.12': 'ubuntu:24.04',
  '3.13': 'debian:trixie-slim',
}

const HOME = '/opt/sagebrush'
const SYSTEM_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'
/** Changes whenever the Dockerfile below does. */
const FORMAT = '1'

/**
 * The container form of a managed image: the built environment itself, laid on a base image, so that the two forms
 * cannot drift apart. Made once for each environment and toolkit, and only while somebody waits for it; resolves to its
 * name. Throws with the engine's words.
 */
export async function containerForm(
  api: EngineApi,
  worker: ArchiveWorker,
  built: BuiltEnvironment,
  makings: SharedWork<string>,
  onProgress: (message: string) => void,
  signal: AbortSignal,
): Promise<string> {
  const minor = built.python.split('.').slice(0, 2).join('.')
  const base = BASES[minor]
  if (!base) throw new Error(`There is no base image for Python ${minor}; there are ${Object.keys(BASES).join(', ')}.`)
  const dockerfile = dockerfileOf(built, base)
  const hash = createHash('sha256')
    .update([FORMAT, built.folder, await hashOf(built.toolkit), dockerfile].join('\0'))
    .digest('hex')
    .slice(0, 12)
  const tag = `sagebrush/${built.image}:${built.version}-${hash}`
  if (await api.find('GET', `/images/${tag}/json`)) return tag
  const order = {
    address: api.address,
    tag,
    dockerfile,
    folders: [
      { from: built.folder, to: 'environment', leave: ['pyvenv.cfg', 'lib64'] },
      { from: built.toolkit, to: 'toolkit', leave: ['tests', '__pycache__'] },
    ],
    interpreters: { [`${built.folder}/bin/python`]: `${HOME}/environment/bin/python` },
  }
  const message = `Making the container image of ${built.image} ${built.version} on ${base}`
  const making = async (tell: (message: string) => void, abort: AbortSignal) => {
    await toldWhile(message, tell, () => worker.call({ do: 'build', order }, abort))
    return tag
  }
  try {
    return await makings.wait(tag, making, onProgress, signal)
  } catch (error) {
    signal.throwIfAborted()
    const words = error instanceof Error ? error.message : String(error)
    throw new Error(
      `The container image of ${built.image} ${built.version} could not be made on ${base}: ${words.trim()} ` +
        `(Is ${base} there? "docker pull ${base}".)`,
      { cause: error },
    )
  }
}

function dockerfileOf({ python, variables, image, version }: BuiltEnvironment, base: string): string {
  const minor = python.split('.').slice(0, 2).join('.')
  const environment = {
    PATH: `${HOME}/toolkit/bin:${HOME}/environment/bin:${SYSTEM_PATH}`,
    VIRTUAL_ENV: `${HOME}/environment`,
    PYTHONUNBUFFERED: '1',
    PIP_DISABLE_PIP_VERSION_CHECK: '1',
    ...variables,
  }
  const bin = `${HOME}/environment/bin`
  return [
    `FROM ${base}`,
    'RUN apt-get update && apt-get install -y --no-install-recommends python3 libgomp1 ca-certificates \\',
    ' && rm -rf /var/lib/apt/lists/*',
    `COPY environment ${HOME}/environment`,
    `COPY toolkit ${HOME}/toolkit`,
    `RUN ln -sf /usr/bin/python${minor} ${bin}/python${minor} && ln -sf python${minor} ${bin}/python3 \\`,
    ` && ln -sf python${minor} ${bin}/python && printf 'home = /usr/bin\\nversion = ${minor}\\n' > ${HOME}/environment/pyvenv.cfg \\`,
    ` && ${bin}/python -c 'import sys; assert sys.prefix == "${HOME}/environment"'`,
    `ENV ${Object.entries(environment)
      .map(([name, value]) => `${name}=${JSON.stringify(value)}`)
      .join(' ')}`,
    `LABEL sagebrush.image=${image} sagebrush.version=${version}`,
    '',
  ].join('\n')
}

/** Of the toolkit's sources, which belong into the image as they are. */
async function hashOf(folder: string): Promise<string> {
  const hash = createHash('sha256')
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  const files = entries.filter((entry) => entry.isFile() && !/__pycache__|\/tests/.test(entry.parentPath))
  for (const path of files.map((entry) => join(entry.parentPath, entry.name)).sort()) {
    hash
      .update(path.slice(folder.length))
      .update('\0')
      .update(await readFile(path))
  }
  return hash.digest('hex')
}
