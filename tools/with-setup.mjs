// `node tools/with-setup.mjs SCRIPT.ts [ARGS]`: makes node_modules what package-lock.json says, then hands over to the
// Node that came with it. Plain JavaScript without dependencies: it runs first, on whatever Node (≥ 18) the machine has.
import { handOver } from './set-up/hand-over.mjs'
import { ensureNodeModules, SetUpError } from './set-up/node-modules.mjs'
import { Interrupted } from './set-up/run-in-group.mjs'

const [script, ...args] = process.argv.slice(2)
if (!script) {
  console.error('usage: node tools/with-setup.mjs SCRIPT.ts [ARGS]')
  process.exit(2)
}
try {
  await ensureNodeModules()
  await handOver(script, args)
} catch (error) {
  // As the signal would have ended it, had there been nothing to end first.
  if (error instanceof Interrupted) process.kill(process.pid, error.signal)
  else if (!(error instanceof SetUpError)) throw error
  else {
    console.error(error.message)
    process.exit(1)
  }
}
