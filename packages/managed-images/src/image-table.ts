import type { ManagedImage } from '@sagebrush/core'
import { nearestNames } from './nearest-names.ts'
import { compareVersions, type ImageRecipe, readRecipes, satisfies, type Variant } from './recipe.ts'

/** The managed images, and which image addresses they answer for. */
export interface ImageTable {
  /** The managed image that stands in for an image address, or undefined where none does. */
  resolve(uri: string): ManagedImage | undefined
  /** Addresses that would be answered and that look most like `uri`, best first, at most three: for an error's text. */
  nearest(uri: string): string[]
  /** What there is, for an error's text: `sagemaker-scikit-learn (1.2, 1.3)`. */
  readonly offered: readonly string[]
  /** The recipe and the variant of a managed image, or undefined for one that is not in the table. */
  find(image: Pick<ManagedImage, 'name' | 'version'>): { recipe: ImageRecipe; variant: Variant } | undefined
  readonly recipes: readonly ImageRecipe[]
}

/**
 * Reads `folder` (`images/` of this repository). `pythons`: the versions of the Pythons on this machine; where none
 * of them can install the version that a tag asks for, the nearest version that one of them can stands in.
 */
export async function loadImages(folder: string, pythons: readonly string[]): Promise<ImageTable> {
  const recipes = await readRecipes(folder)
  return {
    recipes,
    resolve: (uri) => resolve(recipes, pythons, uri),
    nearest: (uri) => nearest(recipes, uri),
    offered: recipes.flatMap(offered),
    find: ({ name, version }) => {
      const recipe = recipes.find((each) => each.name === name)
      const variant = recipe?.variants.find((each) => each.version === version)
      return recipe && variant && { recipe, variant }
    },
  }
}

// The account's number differs by region and by image, so it says nothing; any ECR host is taken.
const registry = /^\d{12}\.dkr\.ecr(?:-fips)?\.[a-z0-9-]+\.amazonaws\.com(?:\.cn)?\//

function parse(uri: string): { repository: string; tag: string } | undefined {
  if (uri.includes('@')) return undefined // a digest names one image exactly: nothing can stand in for it
  const path = uri.replace(registry, '')
  const colon = path.lastIndexOf(':')
  if (colon > path.lastIndexOf('/')) return { repository: path.slice(0, colon), tag: path.slice(colon + 1) }
  return { repository: path, tag: 'latest' }
}

function resolve(recipes: readonly ImageRecipe[], pythons: readonly string[], uri: string): ManagedImage | undefined {
  const image = parse(uri)
  if (!image) return undefined
  for (const recipe of recipes) {
    for (const { repository, tag } of recipe.answersFor) {
      const match = repository.test(image.repository) ? tag.exec(image.tag) : null
      if (match) return standIn(recipe, pythons, match.groups?.version)
    }
  }
  return undefined
}

function standIn(recipe: ImageRecipe, pythons: readonly string[], asked: string | undefined): ManagedImage {
  const wanted = asked ?? recipe.defaultVersion
  const possible = recipe.variants.filter(({ python }) => pythons.some((version) => satisfies(version, python)))
  const variant = closest(possible, wanted) ?? closest(recipe.variants, wanted) ?? recipe.variants[0]
  if (!variant) throw new Error(`the image ${recipe.name} has no variant`)
  const reason = `${recipe.framework} ${variant.installs}${why(recipe, variant, wanted, pythons)}`
  return { kind: 'managed', name: recipe.name, version: variant.version, reason }
}

function why(recipe: ImageRecipe, variant: Variant, wanted: string, pythons: readonly string[]): string {
  if (variant.version === wanted) return ''
  const exact = recipe.variants.find(({ version }) => version === wanted)
  if (!exact) return `: there is no recipe for version ${wanted}`
  return `: version ${wanted} needs Python ${exact.python}, and this machine has ${pythons.join(', ') || 'none'}`
}

/** The version itself, else the next later one, else the last earlier one. */
function closest(variants: readonly Variant[], wanted: string): Variant | undefined {
  const sorted = [...variants].sort((a, b) => compareVersions(a.version, b.version))
  return sorted.find(({ version }) => compareVersions(version, wanted) >= 0) ?? sorted.at(-1)
}

function nearest(recipes: readonly ImageRecipe[], uri: string): string[] {
  const asked = parse(uri) ?? { repository: uri.replace(registry, '').replace(/@.*/, ''), tag: '' }
  const versions = new Map(
    recipes.flatMap((recipe) =>
      recipe.answersFor.map(({ repository }) => [plainName(repository), recipe.defaultVersion] as const),
    ),
  )
  return nearestNames(asked.repository, [...versions.keys()]).map((name) => `${name}:${versions.get(name)}`)
}

function offered({ answersFor, variants }: ImageRecipe): string[] {
  const versions = variants.map(({ version }) => version).join(', ')
  return answersFor.map(({ repository }) => `${plainName(repository)} (${versions})`)
}

/** A repository's pattern as a person would write it: without anchors, the first of alternatives. */
function plainName(pattern: RegExp): string {
  return pattern.source
    .replace(/^\^|\$$/g, '')
    .replace(/\((?:\?:|\?<\w+>)?([^)|]*)[^)]*\)\??/g, '$1')
    .replace(/\\/g, '')
}
