import { spawn } from 'node:child_process'
import { engineSuite } from '@sagebrush/engine-kit'
import { skipsFor } from '@sagebrush/testing'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { dockerHarness } from './testing.ts'
import { openBench } from './testing-bench.ts'
import { isolationCases } from './testing-isolation.ts'
import { type OwnPodman, ownPodman } from './testing-podman.ts'

/** Set where this file runs a second time, with network, mounts and processes that are its own. */
const INSIDE = 'SAGEBRUSH_TEST_PODMAN_INSIDE'
const skips = skipsFor('docker') || skipsFor('podman') || skipsFor('root')

describe.skipIf(skips)('Podman', process.env[INSIDE] ? inside : outside)

function inside(): void {
  engineSuite('docker', async () => {
    const podman = await ownPodman()
    const harness = await dockerHarness({ address: podman.address })
    return {
      ...harness,
      close: async () => {
        await harness.close()
        await podman.close()
      },
    }
  })

  let other: OwnPodman
  beforeAll(async () => {
    other = await ownPodman()
  })
  afterAll(async () => await other.close())
  isolationCases(async () => await openBench({ address: other.address }))
}

// Podman writes rules into the network's tables, and its bridges must be reached from here: so both go elsewhere.
function outside(): void {
  test('passes the engines’ suite, in namespaces of its own', { timeout: 400_000 }, async () => {
    const inside = `ip link set lo up && exec node_modules/.bin/vitest run --reporter=verbose ${import.meta.filename}`
    const words = ['--net', '--mount', '--pid', '--fork', '--kill-child', '--mount-proc', 'sh', '-c', inside]
    const child = spawn('unshare', words, { env: { ...process.env, [INSIDE]: 'yes', NO_COLOR: '1' } })
    let said = ''
    child.stdout.on('data', (chunk) => (said += chunk))
    child.stderr.on('data', (chunk) => (said += chunk))
    const code = await new Promise((resolve) => child.once('exit', resolve))
    if (code !== 0) throw new Error(said)
    expect(Number(/(\d+) passed/.exec(/Tests .*/.exec(said)?.[0] ?? '')?.[1])).toBeGreaterThanOrEqual(20)
  })
}
