import { posix } from 'node:path'

/** The parts of a member's name, or undefined where it leads out of the archive's folder. */
export function partsOf(name: string): readonly string[] | undefined {
  const parts = name.split('/').filter((part) => part !== '' && part !== '.')
  // Some programs name the folder itself "/".
  return parts.length > 0 && (name.startsWith('/') || parts.includes('..')) ? undefined : parts
}

/**
 * A link's target relative to its place, or undefined where it leaves the folder. `path` is relative to the folder,
 * `inside` what the task calls that folder: a target that names it is one within.
 */
export function linkWithin(target: string, path: string, inside: string): string | undefined {
  const here = posix.dirname(path)
  if (target.startsWith('/')) {
    const plain = posix.normalize(target)
    if (plain !== inside && !plain.startsWith(`${inside}/`)) return undefined
    return posix.relative(posix.join(inside, here), plain) || '.'
  }
  const plain = posix.normalize(posix.join(here, target))
  return plain === '..' || plain.startsWith('../') ? undefined : target
}
