import { spawn } from 'node:child_process'
import { access } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { ManagedImage } from '@sagebrush/core'
import { type ImageRecipe, type ImageTable, satisfies } from '@sagebrush/managed-images'
import { shortHash } from './options.ts'
import { pythonProblem } from './probe.ts'
import type { Python } from './pythons.ts'

/** A virtual environment that is ready for tasks. */
export interface Environment {
  readonly folder: string
  readonly python: Python
  readonly recipe: ImageRecipe
}

export interface EnvironmentOptions {
  readonly cache: string
  readonly images: ImageTable
  readonly pythons: readonly Python[]
  readonly variables: Readonly<Record<string, string | undefined>>
  readonly agent: string
}

/** No environment can be made: the message says what is missing, or holds pip's own words. */
export class EnvironmentError extends Error {
  override readonly name = 'EnvironmentError'
}

/** Where the image's environment is or will be. Throws `EnvironmentError` where no Python here serves. */
export function locateEnvironment(
  image: Pick<ManagedImage, 'name' | 'version'>,
  options: EnvironmentOptions,
): Environment {
  const found = options.images.find(image)
  if (!found) throw new EnvironmentError(`There is no managed image ${image.name} ${image.version}.`)
  const { recipe, variant } = found
  const fitting = options.pythons.filter(({ version }) => satisfies(version, variant.python))
  const python = fitting.find(({ missing }) => missing.length === 0)
  if (!python) {
    const problem = pythonProblem(fitting.length > 0 ? fitting : options.pythons)
    const needs = `${recipe.name} ${variant.version} needs Python ${variant.python}; this machine has ${
      options.pythons.map(({ version }) => version).join(', ') || 'none'
    }.`
    throw new EnvironmentError(problem ?? needs)
  }
  // A virtual environment cannot be moved and belongs to one interpreter: both are in its name.
  const hash = shortHash('1', variant.requirements, python.path, python.version)
  const folder = join(options.cache, 'environments', `${recipe.name}-${variant.version}-${hash}`)
  return { folder, python, recipe }
}

export async function isEnvironmentReady({ folder }: Environment): Promise<boolean> {
  return await access(join(folder, 'sagebrush-ready.json')).then(
    () => true,
    () => false,
  )
}

/**
 * Makes the image's environment unless it is there (seconds for a small one, a minute for a large one). Several
 * processes may ask at once: one makes it, the others wait. `onProgress` hears every few seconds what is being done, in
 * at most 100 characters, such as `Making the environment of scikit-learn 1.2: installing 14 packages (23 s)`. Where
 * `signal` is aborted, the making ends with all that it has started, and only then this rejects. Throws
 * `EnvironmentError`, with pip's own words.
 */
export async function prepareEnvironment(
  image: Pick<ManagedImage, 'name' | 'version'>,
  options: EnvironmentOptions,
  onProgress: (message: string) => void = () => {},
  signal?: AbortSignal,
): Promise<Environment> {
  const environment = locateEnvironment(image, options)
  if (await isEnvironmentReady(environment)) return environment
  const requirements = options.images.find(image)?.variant.requirements ?? ''
  const order = {
    folder: environment.folder,
    python: environment.python.path,
    base: environment.python.base,
    requirements,
    label: `${environment.recipe.name} ${image.version}`,
  }
  signal?.throwIfAborted()
  const script = join(options.agent, 'environment.py')
  const child = spawn(environment.python.path, ['-E', '-s', '-S', script, JSON.stringify(order)], {
    env: options.variables,
    stdio: ['ignore', 'pipe', 'pipe'],
    // In a session of its own: a terminal's ^C, which ends the server, is not for what the next one goes on with.
    detached: true,
  })
  const stop = () => child.kill('SIGTERM')
  signal?.addEventListener('abort', stop)
  let ready = false
  let failed: string | undefined
  let trace = ''
  child.stderr.on('data', (data) => {
    trace = (trace + data).slice(-4000)
  })
  const ended = new Promise<void>((resolve, reject) => child.on('error', reject).on('close', () => resolve())).finally(
    () => signal?.removeEventListener('abort', stop),
  )
  for await (const line of createInterface({ input: child.stdout })) {
    const word = JSON.parse(line)
    if (word.message) onProgress(word.message)
    ready ||= word.ready === true
    failed ??= word.failed
  }
  await ended
  if (ready) return environment
  signal?.throwIfAborted()
  throw new EnvironmentError(failed ?? (trace.trim() || 'The process that makes the environment was killed.'))
}
