/**
 * Runs `use` while holding `path` as a lock between processes.
 * The holder touches the file every second; a waiter that sees no touch for ten seconds takes the lock over, so a
 * killed holder leaves nothing to clean up by hand. `onWait` is called once, when another process holds the lock.
 */
export function withLock<T>(path: string, use: () => T | Promise<T>, onWait?: () => void): Promise<T>
