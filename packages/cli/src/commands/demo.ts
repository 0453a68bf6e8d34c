import { Command } from 'commander'

export function demoCommand(): Command {
  return new Command('demo')
    .description(
      'train, deploy and predict from nothing: a server of its own with a temporary home, removed at the end',
    )
    .option('--python', 'with the SageMaker Python SDK, which is installed into the cache (300 MB)')
    .action(async (options) => {
      // Loaded here: AWS's clients are heavier than all other commands together.
      const { runDemo } = await import('../demo/demo.ts')
      await runDemo({ python: options.python === true })
    })
}
