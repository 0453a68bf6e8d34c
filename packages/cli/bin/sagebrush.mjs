#!/usr/bin/env node
// Plain JavaScript of an old dialect: whatever Node runs this can say which one is needed, or hand over to it.
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import module from 'node:module'
import { homedir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'

const here = dirname(fileURLToPath(import.meta.url))
const source = join(here, '..', 'src', 'main.ts')
const main = existsSync(source) ? source : join(here, '..', 'dist', 'main.js')

if (Number(process.versions.node.split('.')[0]) >= 24) {
  // A third of the memory and of the time of a start would go into compiling the same sources again.
  module.enableCompileCache(join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'sagebrush', 'compiled'))
  await import(pathToFileURL(main).href)
} else {
  const bundled = findBundledNode()
  if (bundled) handOver(bundled)
  else {
    const beside =
      process.env.npm_command === 'exec'
        ? 'let npx bring it (npx -p node@24 -p PACKAGE sagebrush …, PACKAGE being sagebrush or its tarball)'
        : 'beside sagebrush (npm install node@24)'
    console.error(
      `sagebrush needs Node.js 24 or newer, and this is ${process.version}: install it from nodejs.org, or ${beside}.`,
    )
    process.exit(1)
  }
}

function findBundledNode() {
  for (let folder = here; ; folder = dirname(folder)) {
    const candidate = join(folder, 'node_modules', 'node', 'bin', 'node')
    if (existsSync(candidate)) return candidate
    if (dirname(folder) === folder) return undefined
  }
}

function handOver(node) {
  const child = spawn(node, [fileURLToPath(import.meta.url), ...process.argv.slice(2)], { stdio: 'inherit' })
  for (const signal of ['SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal))
  // A terminal sends ^C to the whole foreground group: passing it on as well would make it two.
  process.on('SIGINT', () => process.stdin.isTTY || child.kill('SIGINT'))
  child.on('exit', (code, signal) => {
    if (signal) {
      process.removeAllListeners(signal)
      process.kill(process.pid, signal)
    } else process.exit(code)
  })
}
