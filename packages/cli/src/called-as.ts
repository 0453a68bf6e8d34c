/** How the user called us, so that what we tell them to type works: `npx sagebrush` where npm found the command. */
export const calledAs = ['exec', 'run', 'run-script'].includes(process.env.npm_command ?? '')
  ? 'npx sagebrush'
  : 'sagebrush'
