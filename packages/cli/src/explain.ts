/** A problem that the user can mend: shown as its message alone. */
export class UserError extends Error {
  override readonly name = 'UserError'
}

const wordsAreEnough = new Set([
  ...['UserError', 'ConfigError', 'HomeError', 'PortTaken'],
  ...['HomeTooNew', 'StoreBusy', 'StoreDamaged', 'DiskFull'],
])

/** What the terminal is told of an error: its words where it was foreseen, else with the stack, for a report. */
export function explain(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  if (wordsAreEnough.has(error.name)) return error.message
  const { code = '', path } = error as NodeJS.ErrnoException
  if (['EACCES', 'EPERM', 'EROFS'].includes(code) && path !== undefined) {
    return `${path} is not this user's to write or read (${error.message}): choose another place, or run this as its owner.`
  }
  return `This should not have happened:\n${error.stack ?? error.message}`
}
