import { existsSync } from 'node:fs'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'

/** One version of a managed image: which Pythons it runs on and what pip installs for it. */
export interface Variant {
  /** The framework's version as AWS's tags name it: `1.2`. */
  readonly version: string
  /** What stands in, exactly: `1.2.2`. */
  readonly installs: string
  /** `>=3.9,<3.12`; comma-separated `>=`, `>`, `<=`, `<`, `==` with two or three numbers. */
  readonly python: string
  /** The requirement file's text; empty where nothing is to be installed. */
  readonly requirements: string
}

/** `images/<name>/image.json` with its requirement files read in. */
export interface ImageRecipe {
  readonly name: string
  readonly framework: string
  /** Regular expressions over repository and tag; the tag's group `version` picks the variant. */
  readonly answersFor: readonly { readonly repository: RegExp; readonly tag: RegExp }[]
  readonly variants: readonly Variant[]
  /** Stands in where a tag names no version. */
  readonly defaultVersion: string
  /** Variables that every task of the image has, unless the request says otherwise. */
  readonly environment: Readonly<Record<string, string>>
}

/**
 * Reads every recipe below `folder`: a folder with an `image.json`; others are something else's, as `server` is. Throws an Error that names the file for
 * what is not a recipe.
 */
export async function readRecipes(folder: string): Promise<readonly ImageRecipe[]> {
  const entries = await readdir(folder, { withFileTypes: true })
  const folders = entries.filter((entry) => entry.isDirectory() && existsSync(join(folder, entry.name, 'image.json')))
  const names = folders.map((entry) => entry.name)
  return await Promise.all(names.sort().map((name) => readRecipe(join(folder, name), name)))
}

async function readRecipe(folder: string, name: string): Promise<ImageRecipe> {
  const path = join(folder, 'image.json')
  const file: unknown = JSON.parse(await readFile(path, 'utf8'))
  const wrong = (what: string) => new Error(`${path}: ${what}`)
  if (!isRecord(file) || file.name !== name) throw wrong(`"name" must be the folder's name, ${name}`)
  const { framework, variants, answersFor, environment = {} } = file
  if (typeof framework !== 'string') throw wrong('"framework" must be a text')
  if (!Array.isArray(variants) || variants.length === 0) throw wrong('"variants" must be a list with at least one')
  if (!Array.isArray(answersFor)) throw wrong('"answersFor" must be a list')
  if (!isTexts(environment)) throw wrong('"environment" must be an object of texts')
  const read = await Promise.all(variants.map((variant: unknown) => readVariant(folder, variant, wrong)))
  if (!read.some(({ version }) => version === file.default)) throw wrong('"default" must be one of the variants')
  return {
    name,
    framework,
    answersFor: answersFor.map((pattern: unknown) => readPattern(pattern, wrong)),
    variants: read,
    defaultVersion: String(file.default),
    environment,
  }
}

async function readVariant(folder: string, variant: unknown, wrong: (what: string) => Error): Promise<Variant> {
  if (!isTexts(variant)) throw wrong('a variant must be an object of texts')
  const { version, installs, python, requirements } = variant
  if (!version || !installs || !python) throw wrong('a variant must have "version", "installs" and "python"')
  parseConstraint(python)
  const text = requirements ? await readFile(join(folder, requirements), 'utf8') : ''
  return { version, installs, python, requirements: text }
}

function readPattern(pattern: unknown, wrong: (what: string) => Error) {
  if (!isTexts(pattern) || !pattern.repository || !pattern.tag) {
    throw wrong('each of "answersFor" must have the regular expressions "repository" and "tag"')
  }
  return { repository: new RegExp(pattern.repository), tag: new RegExp(pattern.tag) }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function isTexts(value: unknown): value is Record<string, string> {
  return isRecord(value) && Object.values(value).every((each) => typeof each === 'string')
}

function parseConstraint(constraint: string) {
  return constraint.split(',').map((part) => {
    const match = /^\s*(>=|<=|>|<|==)\s*(\d+(?:\.\d+)*)\s*$/.exec(part)
    if (!match) throw new Error(`not a version constraint: ${constraint}`)
    return { operator: match[1], version: match[2] ?? '' }
  })
}

/** Compares by numbers: `3.9` is less than `3.11`; `3.11` and `3.11.0` are equal. */
export function compareVersions(a: string, b: string): number {
  const [left, right] = [a.split('.').map(Number), b.split('.').map(Number)]
  for (let i = 0; i < Math.max(left.length, right.length); i++) {
    const difference = (left[i] ?? 0) - (right[i] ?? 0)
    if (difference !== 0) return difference
  }
  return 0
}

/** True where the Python `version` is within a variant's `constraint`. */
export function satisfies(version: string, constraint: string): boolean {
  return parseConstraint(constraint).every(({ operator, version: bound }) => {
    const order = compareVersions(version, bound)
    if (operator === '>=') return order >= 0
    if (operator === '<=') return order <= 0
    if (operator === '>') return order > 0
    if (operator === '<') return order < 0
    return order === 0
  })
}
