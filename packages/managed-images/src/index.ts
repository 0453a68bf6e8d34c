export { type ImageTable, loadImages } from './image-table.ts'
export { nearestNames } from './nearest-names.ts'
export { compareVersions, type ImageRecipe, satisfies, type Variant } from './recipe.ts'
