import { linkSync, mkdirSync, readFileSync, renameSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'

const beatMs = 1_000
// Observed by the waiter's own clock and not compared with the file's time: machines sleep, and clocks jump.
const silentMs = 10_000

/** See lock.d.mts. */
export async function withLock(path, use, onWait) {
  const token = await acquire(path, onWait)
  const beat = setInterval(() => touch(path), beatMs)
  try {
    return await use()
  } finally {
    clearInterval(beat)
    if (read(path) === token) rmSync(path, { force: true })
  }
}

async function acquire(path, onWait) {
  mkdirSync(dirname(path), { recursive: true })
  const token = `${process.pid}-${Math.random().toString(36).slice(2)}`
  let waited = false
  let seen
  let since = 0
  for (;;) {
    if (claim(path, token)) return token
    if (!waited) onWait?.()
    waited = true
    const now = performance.now()
    const beat = `${read(path)} ${mtime(path)}`
    if (beat !== seen) {
      seen = beat
      since = now
    } else if (now - since > silentMs) takeOver(path, token, beat)
    await delay(100)
  }
}

/** Link, not create-and-write: whoever sees the lock sees its owner. */
function claim(path, token) {
  const own = `${path}.${token}`
  writeFileSync(own, token)
  try {
    linkSync(own, path)
    return true
  } catch (error) {
    if (error.code !== 'EEXIST') throw error
    return false
  } finally {
    rmSync(own, { force: true })
  }
}

/** Moves a dead holder's lock aside; should another waiter have been faster, its fresh lock is put back. */
function takeOver(path, token, beat) {
  const aside = `${path}.${token}.dead`
  try {
    renameSync(path, aside)
  } catch (error) {
    if (error.code === 'ENOENT') return
    throw error
  }
  try {
    if (`${read(aside)} ${mtime(aside)}` !== beat) linkSync(aside, path)
  } finally {
    rmSync(aside, { force: true })
  }
}

function touch(path) {
  const now = new Date()
  try {
    utimesSync(path, now, now)
  } catch (error) {
    if (error.code !== 'ENOENT') throw error
  }
}

function read(path) {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    if (error.code === 'ENOENT') return undefined
    throw error
  }
}

function mtime(path) {
  return statSync(path, { throwIfNoEntry: false })?.mtimeMs
}
