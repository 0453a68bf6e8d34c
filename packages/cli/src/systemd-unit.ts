export interface UnitOptions {
  readonly command: readonly string[]
  readonly environment: Readonly<Record<string, string>>
  /** For a unit of the system: the user that it runs as. Absent for one of the user's own systemd. */
  readonly systemUser?: string
}

/** A systemd unit for the server. */
export function systemdUnit({ command, environment, systemUser }: UnitOptions): string {
  const variables = Object.entries(environment).map(([name, value]) => `Environment=${quote(`${name}=${value}`)}`)
  return `[Unit]
Description=Sagebrush, SageMaker on this machine
${systemUser ? 'After=network.target\n' : ''}
[Service]
Type=exec
${systemUser ? `User=${systemUser}\n` : ''}${variables.join('\n')}
ExecStart=${command.map((word) => quote(word).replaceAll('$', '$$$$')).join(' ')}
Restart=on-failure
TimeoutStopSec=30
# Jobs and endpoints are children of this unit and outlive the server: only its own process is stopped with it, and
# a job that runs out of memory is not the server's end.
KillMode=process
OOMPolicy=continue
# No Private…= and Protect…=: each job gets namespaces and mounts of its own, made by what runs here.

[Install]
WantedBy=${systemUser ? 'multi-user.target' : 'default.target'}
`
}

function quote(word: string): string {
  return `"${word.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('%', '%%')}"`
}
