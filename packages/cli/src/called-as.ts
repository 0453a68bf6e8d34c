/** How the user called us, so that what we tell them to type works: `npx sagebrush` where npm found the command. */
export const calledAs = nameOf(process.env)

/** `npx -p PACKAGE sagebrush` where npx was given the package. */
export function nameOf(environment: Readonly<Record<string, string | undefined>>): string {
  if (!['exec', 'run', 'run-script'].includes(environment.npm_command ?? '')) return 'sagebrush'
  const packages = environment.npm_config_package?.split('\n').filter(Boolean) ?? []
  return ['npx', ...packages.flatMap((name) => ['-p', name]), 'sagebrush'].join(' ')
}
