import { nearestNames } from '@sagebrush/server/client'
import { Command } from 'commander'
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
    .version(version)
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
  // Commander's own suggestions are far-fetched: logs for bogus.
  program.showSuggestionAfterError(false).on('command:*', ([asked = '']: string[]) => {
    const [nearest] = nearestNames(
      asked,
      program.commands.map((command) => command.name()),
    )
    const suggestion = nearest === undefined ? '' : `\n(Did you mean ${nearest}?)`
    program.error(`error: unknown command '${asked}'${suggestion}`, { code: 'commander.unknownCommand' })
  })
  return program
}
