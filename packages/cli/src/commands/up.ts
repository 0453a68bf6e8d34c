import { spawn } from 'node:child_process'
import { closeSync, openSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { checkFolder, type LoadedConfig, makeHome, removeUnused, runningServer } from '@sagebrush/server/client'
import { Command, Option } from 'commander'
import { calledAs } from '../called-as.ts'
import { UserError } from '../explain.ts'
import { homeFlag } from '../how-to-start.ts'
import { tasksGoOn } from '../running-work.ts'
import { configOf, withSettings } from '../settings-options.ts'
import { version } from '../version.ts'

export function upCommand(): Command {
  return (
    withSettings(new Command('up'))
      .description('start the server (in the foreground; -d: in the background)')
      .option('-d, --detach', 'start in the background and return when it answers')
      // What `-d` starts: its output is kept for a start that fails, and would grow for ever with the log in it.
      .addOption(new Option('--no-console').hideHelp())
      .action(async ({ console, detach: background, ...options }) => {
        const loaded = configOf(options)
        if (background) await detach(loaded)
        else await foreground(loaded, console)
      })
  )
}

/** `console`: whether the log is written to standard error too. */
async function foreground(loaded: LoadedConfig, console: boolean): Promise<void> {
  const { config } = loaded
  outliveConsole()
  // Loaded here: the other commands need a tenth of it, and `up -d` only starts another process.
  const { calmCollector, openServer } = await import('@sagebrush/server')
  const opening = openServer({ config, version, ...(console && { console: process.stderr }) })
  let closing = false
  const close = async () => {
    if (closing) process.exit(130)
    closing = true
    process.stdout.write('Stopping …\n')
    // Asked for while it starts, it ends once it has; a start that fails is told below.
    const server = await opening.catch(() => undefined)
    if (!server) return
    const tasks = await server.tasks()
    await server.close()
    process.stdout.write(`Stopped. Its state stays in ${config.home}.\n`)
    if (tasks > 0) process.stdout.write(`${tasksGoOn(tasks)}\n`)
    process.exit(0)
  }
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, close)
  const server = await opening
  // Once it answers: while it starts, every helper is welcome.
  calmCollector()
  if (process.stdout.isTTY && !closing) process.stdout.write(nextSteps(server.url, loaded))
}

/**
 * A server goes on without whoever reads along: a pipe's reader that has gone, or that a terminal's ^C ends with it
 * (`up | tee`); a file on a full disk. `server.log` has it all.
 */
function outliveConsole(): void {
  for (const stream of [process.stdout, process.stderr]) stream.removeAllListeners('error').on('error', () => {})
}

async function detach(loaded: LoadedConfig): Promise<void> {
  const { config } = loaded
  const running = runningServer(config.home)
  if (running) {
    process.stdout.write(`A server runs on ${config.home} already (process ${running.pid}).\n`)
    refuseOtherAddress(loaded, running.url)
    process.stdout.write(nextSteps(running.url, loaded))
    return
  }
  checkFolder(config.home)
  const made = makeHome(config.home)
  const outputFile = join(config.home, 'server.out')
  const output = openSync(outputFile, 'w', 0o600)
  const args = process.argv.slice(1).filter((word) => word !== '-d' && word !== '--detach')
  const child = spawn(process.execPath, [...args, '--no-console'], {
    detached: true,
    stdio: ['ignore', output, output],
  })
  closeSync(output)
  let ended = false
  child.once('exit', () => {
    ended = true
  })
  for (;;) {
    const record = runningServer(config.home)
    if (record && record.pid === child.pid) {
      child.unref()
      process.stdout.write(nextSteps(record.url, loaded))
      return
    }
    if (ended) {
      const words = lastWords(outputFile)
      if (made) removeUnused(config.home)
      throw new UserError(words)
    }
    await delay(20)
  }
}

/** Throws where the command or the environment asks for another address than the server has. */
function refuseOtherAddress({ config, sources }: LoadedConfig, url: string): void {
  const { hostname, port } = new URL(url)
  const host = hostname.replace(/^\[|\]$/g, '')
  const others = [
    { source: sources.port, value: config.port, isOther: config.port !== 0 && config.port !== Number(port || 80) },
    { source: sources.host, value: config.host, isOther: config.host !== host && config.host !== 'localhost' },
  ].filter(({ source, isOther }) => isOther && /^(--|SAGEBRUSH_)/.test(source))
  if (others.length === 0) return
  const settings = others.map(({ source, value }) => `${source}${source.startsWith('--') ? ' ' : '='}${value}`)
  throw new UserError(
    `It answers at ${url}, and ${settings.join(' and ')} was not applied: "${calledAs} down" first, ` +
      'or choose another home (SAGEBRUSH_HOME).',
  )
}

function lastWords(outputFile: string): string {
  const lines = readFileSync(outputFile, 'utf8').split('\n')
  const words = lines
    .filter((line) => !line.startsWith('{'))
    .join('\n')
    .trim()
  return words === '' ? `The server ended at once; see ${outputFile}.` : words
}

function nextSteps(url: string, loaded: LoadedConfig): string {
  const home = homeFlag(loaded)
  const steps = [
    [`${calledAs} run${home} -- python train.py`, 'run a SageMaker program against it'],
    [`eval "$(${calledAs} env${home})"`, "point this shell's AWS SDKs and CLI at it"],
    [`${calledAs} logs${home} JOB -f`, 'follow a job'],
    [`${calledAs} doctor`, 'what this machine has and lacks'],
    [`${calledAs} down${home}`, 'stop it'],
  ] as const
  const width = Math.max(...steps.map(([command]) => command.length))
  const lines = steps.map(([command, what]) => `  ${command.padEnd(width)}   ${what}\n`)
  return `Sagebrush answers at ${url}   (state in ${loaded.config.home})\n\n${lines.join('')}\n`
}
