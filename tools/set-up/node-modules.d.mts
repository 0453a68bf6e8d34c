/** The repository's folder. */
export const root: string
/** The Node.js that came with node_modules. */
export const bundledNode: string
