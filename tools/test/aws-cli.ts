import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'

let found: string | null | undefined

/** The folder of the first `aws` on PATH that is version 2; PyPI has version 1 only, so it is the machine's. */
export function awsCli2(): string | undefined {
  found ??= (process.env.PATH ?? '').split(delimiter).find(isVersion2) ?? null
  return found ?? undefined
}

function isVersion2(folder: string): boolean {
  const program = join(folder, 'aws')
  if (!existsSync(program)) return false
  const said = spawnSync(program, ['--version'], { encoding: 'utf8', timeout: 60_000 })
  return said.stdout?.startsWith('aws-cli/2') ?? false
}
