import type { Finding } from '@sagebrush/server'
import { Command } from 'commander'
import { configOf, withSettings } from '../settings-options.ts'

const marks = { good: 'ok  ', poor: 'note', bad: 'FAIL' } as const

export function doctorCommand(): Command {
  return withSettings(new Command('doctor'))
    .description(
      'say what this machine has and lacks, and how to get it; exit status 1 where something needed is missing',
    )
    .option('--json', 'as JSON')
    .action(async (options) => {
      const { diagnose } = await import('@sagebrush/server')
      const findings = await diagnose(configOf(options).config)
      if (findings.some((finding) => finding.state === 'bad')) process.exitCode = 1
      process.stdout.write(options.json ? `${JSON.stringify(findings, null, 2)}\n` : findings.map(words).join(''))
    })
}

function words({ name, state, found, fix }: Finding): string {
  return `${marks[state]}  ${name.padEnd(14)} ${found}\n${fix ? `${' '.repeat(21)}${fix}\n` : ''}`
}
