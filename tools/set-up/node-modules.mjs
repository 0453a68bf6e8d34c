import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { withLock } from './lock.mjs'
import { explainNpm } from './npm-trouble.mjs'
import { progress } from './progress.mjs'
import { runInGroup } from './run-in-group.mjs'

export const root = fileURLToPath(new URL('../..', import.meta.url))
export const bundledNode = join(root, 'node_modules', 'node', 'bin', 'node')
const marker = join(root, 'node_modules', '.sagebrush-set-up')

/** Something that a person has to put right; the message says what and how. */
export class SetUpError extends Error {}

/** Makes node_modules what package-lock.json says; does nothing, in a millisecond, when it is that already. */
export async function ensureNodeModules() {
  if (Number(process.versions.node.split('.')[0]) < 18)
    throw new SetUpError(`Node.js 18 or newer is needed to begin with, and this is ${process.version}: see nodejs.org.`)
  const wanted = lockHash()
  if (isReady(wanted)) return
  try {
    mkdirSync(join(root, '.cache'), { recursive: true })
  } catch (error) {
    throw new SetUpError(`Cannot write to ${root} (${error.code}): its owner has to run this once, or copy the folder.`)
  }
  const waiting = () => console.error('Another command is setting up this folder; waiting for it.')
  await withLock(join(root, '.cache', 'set-up.lock'), () => isReady(wanted) || install(wanted), waiting)
}

function lockHash() {
  const hash = createHash('sha256').update(readFileSync(join(root, 'package-lock.json')))
  return hash.update(`${process.platform}-${process.arch}`).digest('hex')
}

function isReady(wanted) {
  if (!existsSync(bundledNode)) return false
  if (existsSync(marker) && readFileSync(marker, 'utf8') === wanted) return true
  if (!isInstalled()) return false
  mark(wanted)
  return true
}

/** Whether npm's own record, which it writes last, lists what the lock file lists: somebody ran `npm install` by hand. */
function isInstalled() {
  const record = join(root, 'node_modules', '.package-lock.json')
  if (!existsSync(record)) return false
  const installed = JSON.parse(readFileSync(record, 'utf8')).packages
  const locked = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')).packages
  return Object.entries(locked).every(([path, entry]) => {
    if (!path.startsWith('node_modules/')) return true
    const found = installed[path]
    if (!found) return entry.optional === true || entry.peer === true
    if (entry.link) return found.link && found.resolved === entry.resolved
    return found.version === entry.version && found.integrity === entry.integrity
  })
}

async function install(wanted) {
  const report = progress('Installing the npm packages that package-lock.json names (once, about 20 s)')
  const done = await npmCiOrAgain().finally(() => report.end())
  if (done.status !== 0) throw new SetUpError(explainNpm(done.output))
  // The `node` package fetches its program in an install script, which a machine's npm settings may have forbidden.
  if (!existsSync(bundledNode)) {
    const folder = join(root, 'node_modules', 'node')
    const fetched = await runInGroup(process.execPath, [join(folder, 'installArchSpecificPackage.js')], folder)
    if (!existsSync(bundledNode)) throw new SetUpError(explainNpm(fetched.output))
  }
  mark(wanted)
}

async function npmCiOrAgain() {
  const done = await npmCi()
  // Something wrote into a folder while npm emptied it, such as what a killed npm had started; that ends soon.
  return done.status !== 0 && /ENOTEMPTY/.test(done.output) ? await npmCi() : done
}

function npmCi() {
  // Said explicitly, for NODE_ENV=production or a user's .npmrc would leave out what the scripts need.
  const flags = ['--include=dev', '--ignore-scripts=false', '--no-audit', '--no-fund', '--loglevel=error']
  const npm = process.env.npm_execpath
  if (npm?.endsWith('.js')) return runInGroup(process.execPath, [npm, 'ci', ...flags], root)
  return runInGroup('npm', ['ci', ...flags], root)
}

/** Written aside and renamed: in a tree copied with hard links, writing in place would change the original too. */
function mark(wanted) {
  const aside = `${marker}.${process.pid}`
  try {
    writeFileSync(aside, wanted)
    renameSync(aside, marker)
  } catch (error) {
    // A read-only checkout works too; it only compares the lock file again each time.
    if (!['EACCES', 'EROFS', 'EPERM'].includes(error.code)) throw error
  }
}
