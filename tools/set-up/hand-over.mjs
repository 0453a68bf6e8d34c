import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { delimiter, isAbsolute, join } from 'node:path'
import { bundledNode, root, SetUpError } from './node-modules.mjs'

/** Runs the script with the bundled Node in this process's place: same streams, signals passed on, same ending. */
export function handOver(script, args) {
  const path = isAbsolute(script) ? script : join(root, script)
  if (!existsSync(path)) throw new SetUpError(`${script} is not in ${root}`)
  const env = { ...process.env, PATH: `${join(root, 'node_modules', '.bin')}${delimiter}${process.env.PATH ?? ''}` }
  return new Promise((_, reject) => start(bundledNode, [path, ...args], env, reject))
}

function start(node, args, env, reject) {
  const child = spawn(node, args, { stdio: 'inherit', env })
  child.on('error', (error) => {
    // The bundled program is built for the common C library; elsewhere (Alpine) a Node of the machine serves.
    if (node !== process.execPath && Number(process.versions.node.split('.')[0]) >= 24)
      start(process.execPath, args, env, reject)
    else
      reject(
        new SetUpError(
          `Cannot start ${node} (${error.message}): install Node.js 24 or newer for this machine, see nodejs.org.`,
        ),
      )
  })
  for (const signal of ['SIGTERM', 'SIGHUP', 'SIGUSR2']) process.on(signal, () => child.kill(signal))
  // A terminal sends ^C to the whole foreground group: passing it on as well would make it two.
  process.on('SIGINT', () => process.stdin.isTTY || child.kill('SIGINT'))
  child.on('exit', (code, signal) => {
    if (signal) {
      process.removeAllListeners(signal)
      process.kill(process.pid, signal)
    } else process.exit(code)
  })
}
