/**
 * `npm run pack [-- --out FOLDER]`: the npm package `sagebrush` as one tarball, `dist/sagebrush-VERSION.tgz` by default.
 * How it is made up: architecture/decisions/0005-one-npm-package.md.
 */
import { mkdirSync, mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { root } from '../set-up/node-modules.mjs'
import { run } from './run.ts'
import { stage } from './stage.ts'

const { values } = parseArgs({ options: { out: { type: 'string', default: join(root, 'dist') } } })
const out = resolve(values.out)

console.log('Compiling the sources (some 20 s)')
run(process.execPath, [join(root, 'node_modules', 'typescript', 'bin', 'tsc'), '-b'], root)
mkdirSync(out, { recursive: true })
const folder = mkdtempSync(join(tmpdir(), 'sagebrush-pack-'))
try {
  console.log('Laying out the package, and packing it')
  stage(root, folder)
  const [made] = JSON.parse(run('npm', ['pack', '--json', '--ignore-scripts', '--pack-destination', out], folder)) as [
    { filename: string; entryCount: number },
  ]
  const tarball = join(out, made.filename)
  const size = (statSync(tarball).size / 1024 ** 2).toFixed(2)
  console.log(`${tarball}: ${size} MiB, ${made.entryCount} files`)
} finally {
  rmSync(folder, { recursive: true })
}
