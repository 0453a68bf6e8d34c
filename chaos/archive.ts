import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'

/** These files as a .tar.gz. */
export function packed(files: Readonly<Record<string, string>>): Buffer {
  const folder = mkdtempSync(join(tmpdir(), 'chaos-pack-'))
  try {
    for (const [path, content] of Object.entries(files)) {
      mkdirSync(join(folder, 'files', dirname(path)), { recursive: true })
      writeFileSync(join(folder, 'files', path), content)
    }
    execFileSync('tar', ['-czf', join(folder, 'archive.tar.gz'), '-C', join(folder, 'files'), '.'])
    return readFileSync(join(folder, 'archive.tar.gz'))
  } finally {
    rmSync(folder, { recursive: true })
  }
}

/** The bytes of one file of a .tar.gz. */
export function unpacked(archive: Uint8Array, name: string): Buffer {
  return execFileSync('tar', ['-xzOf', '-', name], { input: archive, maxBuffer: 1024 ** 3 })
}
