/**
 * Writes the generated pages of docs/: `node tools/docs/main.ts` writes, `--check` fails where a page is not what
 * it would write.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { apiCoverage } from './api-coverage.ts'
import { cliReference } from './cli-reference.ts'

const pages = { 'api-coverage.md': apiCoverage(), 'cli.md': cliReference() }
const folder = fileURLToPath(new URL('../../docs/', import.meta.url))
const check = process.argv.includes('--check')

for (const [name, content] of Object.entries(pages)) {
  const file = folder + name
  if (!check) writeFileSync(file, content)
  else if (!existsSync(file) || readFileSync(file, 'utf8') !== content) {
    console.error(`docs/${name} is not up to date: npm run docs:generate`)
    process.exitCode = 1
  }
}
