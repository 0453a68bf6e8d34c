/** What npm's output means, in words, with its own words below. */
export function explainNpm(output: string): string
