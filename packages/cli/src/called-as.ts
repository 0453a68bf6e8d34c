/** How the user called us, so that what we tell them to type works: `npx sagebrush` in a checkout. */
export const calledAs = process.env.npm_command === 'exec' ? 'npx sagebrush' : 'sagebrush'
