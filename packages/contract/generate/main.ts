import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { withBotocore } from './botocore.ts'
import { contractFiles } from './contract-files.ts'
import { differences } from './differences.ts'
import { botocoreVersion } from './services.ts'

/** `main.ts [--botocore DIR] [--check]`: writes src/generated, or only proves that writing would change nothing. */
const { values } = parseArgs({ options: { botocore: { type: 'string' }, check: { type: 'boolean' } } })
const target = fileURLToPath(new URL('../src/generated', import.meta.url))
const files = withBotocore(values.botocore, botocoreVersion, contractFiles)

if (values.check) {
  const found = differences(target, files)
  for (const line of found) console.error(line)
  if (found.length > 0) {
    console.error(`src/generated is not what botocore ${botocoreVersion} gives; run: npm run contract:generate`)
    process.exitCode = 1
  } else console.log(`src/generated is what botocore ${botocoreVersion} gives (${files.size} files)`)
} else {
  mkdirSync(target, { recursive: true })
  for (const file of readdirSync(target)) if (!files.has(file)) rmSync(join(target, file))
  for (const [file, text] of files) writeFileSync(join(target, file), text)
  console.log(`wrote ${files.size} files from botocore ${botocoreVersion}`)
}
