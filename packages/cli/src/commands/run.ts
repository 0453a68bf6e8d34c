import { spawn } from 'node:child_process'
import { constants } from 'node:os'
import { clientEnvironment, clientFiles, installed } from '@sagebrush/server/client'
import { Command } from 'commander'
import { UserError } from '../explain.ts'
import { isInPath } from '../is-in-path.ts'
import { requireRunning } from '../running.ts'
import { configOf, withSettings } from '../settings-options.ts'

export function runCommand(): Command {
  return withSettings(new Command('run'))
    .description(
      'run a program with everything set: keys, address, proxy, certificates; Python SDKs do not sleep needlessly',
    )
    .usage('[options] -- COMMAND [ARGUMENT...]')
    .option('--plain', "leave the Python SDK's own waiting as it is")
    .argument('<command...>', 'the program and its arguments')
    .passThroughOptions()
    .action((words: string[], options) => {
      const loaded = configOf(options)
      const { facts } = requireRunning(loaded)
      const change = clientEnvironment(facts, clientFiles(loaded.config.home), process.env)
      const environment: Record<string, string | undefined> = { ...process.env, ...change.set }
      for (const name of change.unset) delete environment[name]
      if (!options.plain) {
        // Python imports `sitecustomize` from there by itself.
        environment.PYTHONPATH = [installed('python/run'), process.env.PYTHONPATH].filter(Boolean).join(':')
      }
      return runProgram(words, environment)
    })
}

/** The child's exit status becomes ours, and a signal to us goes on to it. */
function runProgram(words: readonly string[], environment: Record<string, string | undefined>): Promise<void> {
  const [program = '', ...rest] = words
  return new Promise((resolve, reject) => {
    // Heard from before the program runs: a signal that came just then would end us alone.
    const forward = (signal: NodeJS.Signals) => child.kill(signal)
    // A terminal sends ^C to the whole group: the child has it already, and we only must not die of it first.
    const interrupt = (signal: NodeJS.Signals) => process.stdin.isTTY || child.kill(signal)
    process.on('SIGINT', interrupt)
    for (const signal of ['SIGTERM', 'SIGHUP'] as const) process.on(signal, forward)
    const child = spawn(program, rest, { stdio: 'inherit', env: environment })
    child.on('error', (error: NodeJS.ErrnoException) => {
      // Where a folder of PATH cannot be read, the system says EACCES of what is nowhere.
      const isMissing = error.code === 'ENOENT' || (error.code === 'EACCES' && !isInPath(program, environment.PATH))
      process.exitCode = isMissing ? 127 : 126
      reject(new UserError(`${program} cannot be run: ${isMissing ? 'no such program' : error.message}`))
    })
    child.on('exit', (code, signal) => {
      process.exitCode = signal ? 128 + (constants.signals[signal] ?? 0) : (code ?? 1)
      process.removeListener('SIGINT', interrupt)
      for (const signal of ['SIGTERM', 'SIGHUP'] as const) process.removeListener(signal, forward)
      resolve()
    })
  })
}
