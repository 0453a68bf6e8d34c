import { readFileSync, statSync } from 'node:fs'
import { userInfo } from 'node:os'

/** Who asks for a socket, and what the system says of its group now. */
interface Membership {
  /** The group of the socket. */
  readonly gid: number
  /** The groups of this process, which are those of its login. */
  readonly groups: readonly number[]
  readonly user: string
  /** What `/etc/group` holds. */
  readonly groupFile: string
}

/** Name of the socket's group where the user has joined it since this login, which no process of the login has noticed. */
export function joinedLater({ gid, groups, user, groupFile }: Membership): string | undefined {
  if (groups.includes(gid)) return undefined
  for (const line of groupFile.split('\n')) {
    const [name, , id, members = ''] = line.split(':')
    if (Number(id) === gid && members.split(',').includes(user)) return name
  }
  return undefined
}

/** The same for this process; undefined also where the system does not tell. */
export function groupJoinedLater(socketPath: string): string | undefined {
  try {
    return joinedLater({
      gid: statSync(socketPath).gid,
      groups: process.getgroups?.() ?? [],
      user: userInfo().username,
      groupFile: readFileSync('/etc/group', 'utf8'),
    })
  } catch {
    // The user has no name, or the socket has gone: there is nothing better to say than that it may not be used.
    return undefined
  }
}
