import { type Capability, capabilities, isCapability } from './capabilities.ts'
import { testVenv, type VenvName } from './venv.ts'

/** What the test command has found out already: capability → what is lacking, '' when nothing is. */
export const probesVariable = 'SAGEBRUSH_TEST_PROBES'
export const requireVariable = 'SAGEBRUSH_TEST_REQUIRE'

const found = new Map<string, string>(Object.entries(JSON.parse(process.env[probesVariable] ?? '{}')))

/** Why the machine cannot serve tests that need this, with the way out; undefined when it can. */
export function lacking(name: Capability): string | undefined {
  const lack = found.get(name) ?? capabilities[name].lacks() ?? ''
  found.set(name, lack)
  return lack ? `needs ${name} (${lack}): ${capabilities[name].fix}` : undefined
}

/**
 * First line of a test that needs more than Node.js: skips the test and says why, or fails it where
 * SAGEBRUSH_TEST_REQUIRE names what is lacking.
 *
 *     test('…', async (context) => {
 *       requires(context, 'sagemaker-sdk')
 */
export function requires(context: { skip(note: string): void }, ...names: readonly Capability[]): void {
  for (const name of names) {
    const why = lacking(name)
    if (!why) continue
    if (isRequired(name)) throw new Error(`${requireVariable} names it: ${why}`)
    context.skip(why)
  }
}

/** For suites that skip as a whole: whether they must; throws where SAGEBRUSH_TEST_REQUIRE names what is lacking. */
export function skipsFor(name: Capability): boolean {
  const why = lacking(name)
  if (why && isRequired(name)) throw new Error(`${requireVariable} names it: ${why}`)
  return why !== undefined
}

/**
 * For suites that skip as a whole: the environment's Python, or undefined where it cannot be had; throws where
 * SAGEBRUSH_TEST_REQUIRE names it.
 */
export async function optionalVenv(name: VenvName): Promise<string | undefined> {
  return skipsFor(name) ? undefined : await testVenv(name)
}

export function isRequired(name: Capability): boolean {
  const list = requiredNames()
  // Who runs as an ordinary user means to: `all` cannot ask that user to be root.
  return list.includes(name) || (list.includes('all') && name !== 'root')
}

export function requiredNames(): readonly string[] {
  const names = (process.env[requireVariable] ?? '').split(',').filter(Boolean)
  const unknown = names.filter((name) => name !== 'all' && !isCapability(name))
  if (unknown.length > 0)
    throw new Error(
      `${requireVariable} names ${unknown.join(', ')}; known are all, ${Object.keys(capabilities).join(', ')}`,
    )
  return names
}
