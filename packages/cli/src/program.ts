import { nearestNames } from '@sagebrush/server/client'
import { Command, Option } from 'commander'
import { backupCommand } from './commands/backup.ts'
import { configCommand } from './commands/config.ts'
import { demoCommand } from './commands/demo.ts'
import { doctorCommand } from './commands/doctor.ts'
import { downCommand } from './commands/down.ts'
import { envCommand } from './commands/env.ts'
import { gcCommand } from './commands/gc.ts'
import { logsCommand } from './commands/logs.ts'
import { restoreCommand } from './commands/restore.ts'
import { runCommand } from './commands/run.ts'
import { serviceCommand } from './commands/service.ts'
import { statusCommand } from './commands/status.ts'
import { upCommand } from './commands/up.ts'
import { version } from './version.ts'

/** The whole command line: what `sagebrush --help` shows and docs/cli.md is written from. */
export function sagebrushProgram(): Command {
  const program = new Command('sagebrush')
    .description('SageMaker that you own: train and host models on your own machines, through the same API')
    .version(version, '-v, --version', 'print the version')
    .addOption(new Option('-V').hideHelp())
    .on('option:V', () => {
      printVersion()
      process.exit()
    })
    .helpCommand(false)
    .showHelpAfterError('(sagebrush --help lists the commands)')
    .enablePositionalOptions()

  for (const command of [
    upCommand,
    downCommand,
    statusCommand,
    envCommand,
    runCommand,
    logsCommand,
    demoCommand,
    doctorCommand,
    configCommand,
    gcCommand,
    backupCommand,
    restoreCommand,
    serviceCommand,
  ]) {
    program.addCommand(command())
  }
  program.command('version').description('print the version').action(printVersion)
  // Commander's own answers a name that it does not know with everything there is, and does not say so.
  program
    .command('help')
    .argument('[command]')
    .description('print the help of a command')
    .action((asked?: string) => {
      const command = asked === undefined ? program : program.commands.find((one) => one.name() === asked)
      if (command) command.outputHelp()
      else refuseCommand(program, asked ?? '')
    })
  // Commander's own suggestions are far-fetched: logs for bogus.
  program.showSuggestionAfterError(false).on('command:*', ([asked = '']: string[]) => refuseCommand(program, asked))
  return program
}

function printVersion(): void {
  process.stdout.write(`${version}\n`)
}

function refuseCommand(program: Command, asked: string): never {
  const [nearest] = nearestNames(
    asked,
    program.commands.map((command) => command.name()),
  )
  const suggestion = nearest === undefined ? '' : `\n(Did you mean ${nearest}?)`
  return program.error(`error: unknown command '${asked}'${suggestion}`, { code: 'commander.unknownCommand' })
}
