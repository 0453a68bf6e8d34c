import { imageName, type TaskSpec } from '@sagebrush/core'

/** How the init processes of Docker and of Podman say that they could not run the command. */
const INIT_WORDS = /^(?:\[FATAL tini \(\d+\)\] exec .* failed|ERROR \(catatonit:\d+\): failed to exec pid1): (.+)$/

/** True for a line by which the init process says that there was no command to run. */
export function isInitWords(line: string): boolean {
  return INIT_WORDS.test(line)
}

/**
 * Words for a task whose command never ran, with the way out, from what the engine said about it or what its init
 * process printed last; undefined where that is not about the command. `platform` says what is wrong with the image's.
 * Without a last full stop: the SageMaker Python SDK puts one after each reason.
 */
export function commandProblem(
  spec: Pick<TaskSpec, 'image' | 'entrypoint' | 'command'>,
  said: string,
  platform: string | undefined,
) {
  const [, words] = INIT_WORDS.exec(said) ?? []
  const cause = words ?? plainCause(said)
  const command = [...(spec.entrypoint ?? []), ...spec.command].join(' ')
  const what = `The image ${imageName(spec.image)} cannot be started with "${command}": ${cause}.`
  if (platform !== undefined) return `${what} ${platform.replace(/\.$/, '')}`
  if (/executable file not found|no such file or directory/i.test(cause)) {
    const script = /no such file/i.test(cause)
      ? '; of a script that is there, the program that its "#!" names is missing'
      : ''
    return `${what} Put an executable of that name on the image's PATH, or set an ENTRYPOINT that takes it as its argument${script}`
  }
  if (/permission denied/i.test(cause)) {
    return `${what} Make the file executable in the image (RUN chmod +x …)`
  }
  if (/exec format error/i.test(cause)) {
    return `${what} It is a program for another processor (build with --platform), or a script without "#!" in its first line`
  }
  return undefined
}

/** Of the engine's long sentence the end, where the cause is. */
function plainCause(message: string): string {
  const start = message.lastIndexOf('exec:')
  return (start < 0 ? message : message.slice(start)).replace(/: unknown\.?$/, '').trim()
}
