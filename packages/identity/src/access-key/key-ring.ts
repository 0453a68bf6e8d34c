import type { AccessKey, AccessKeys, Collection } from '@sagebrush/core'
import { directoryScope } from '../scopes.ts'
import type { AccessKeyRecord } from './access-key.ts'

/** After this a key is read again in the background, so that what another server revoked stops working here. */
const STALE_AFTER_MS = 30_000
/** Expired keys are kept this long: a late client hears ExpiredToken instead of "invalid". */
const KEPT_AFTER_EXPIRY_MS = 24 * 3_600_000

interface Entry {
  record: AccessKeyRecord
  readAt: number
}

/**
 * All access keys, answered from memory and written through to the store. A key that is not known here may have been
 * made by another server, so a miss asks the store.
 */
export class KeyRing implements AccessKeys {
  readonly #rows: Collection<AccessKeyRecord>
  readonly #clock: () => Date
  readonly #entries = new Map<string, Entry>()

  private constructor(rows: Collection<AccessKeyRecord>, clock: () => Date) {
    this.#rows = rows
    this.#clock = clock
  }

  static async open(rows: Collection<AccessKeyRecord>, clock: () => Date): Promise<KeyRing> {
    const ring = new KeyRing(rows, clock)
    for await (const row of rows.each()) ring.#keep(row.value)
    return ring
  }

  /** The key, expired ones included (the authenticator has words for them); undefined where unknown or inactive. */
  async find(accessKeyId: string): Promise<AccessKey | undefined> {
    const entry = this.#entries.get(accessKeyId)
    if (entry && this.#clock().getTime() - entry.readAt > STALE_AFTER_MS) {
      entry.readAt = this.#clock().getTime()
      // Answered from memory meanwhile; where the store fails, the next request to it says so.
      this.#read(accessKeyId).catch(() => undefined)
    }
    const record = entry?.record ?? (await this.#read(accessKeyId))
    return record?.status === 'Active' ? record : undefined
  }

  /** The whole record, whatever its status. */
  async record(accessKeyId: string): Promise<AccessKeyRecord | undefined> {
    return this.#entries.get(accessKeyId)?.record ?? (await this.#read(accessKeyId))
  }

  /** Resolves to false, changing nothing, where the id is taken. */
  async add(record: AccessKeyRecord): Promise<boolean> {
    if (!(await this.#rows.insert(directoryScope, record.accessKeyId, record))) return false
    this.#keep(record)
    return true
  }

  async setStatus(accessKeyId: string, status: AccessKeyRecord['status']): Promise<void> {
    for (;;) {
      const row = await this.#rows.get(directoryScope, accessKeyId)
      if (!row) return
      const record = { ...row.value, status }
      if (!(await this.#rows.update(directoryScope, accessKeyId, row.version, record))) continue
      this.#keep(record)
      return
    }
  }

  async remove(accessKeyId: string): Promise<void> {
    await this.#rows.remove(directoryScope, accessKeyId)
    this.#entries.delete(accessKeyId)
  }

  /** The keys of one IAM user, in the order of their ids. */
  async ofUser(user: string): Promise<readonly AccessKeyRecord[]> {
    const page = await this.#rows.list(directoryScope, {
      where: [{ field: 'user', is: 'equal', value: user }],
      sortBy: 'name',
      order: 'ascending',
      limit: 100,
    })
    return page.rows.map((row) => row.value)
  }

  /** Removes keys that expired more than a day ago; resolves to their number. */
  async sweep(): Promise<number> {
    const before = this.#clock().getTime() - KEPT_AFTER_EXPIRY_MS
    const expired: string[] = []
    for await (const row of this.#rows.each([{ field: 'expires', is: 'less', value: before }])) expired.push(row.name)
    for (const accessKeyId of expired) await this.remove(accessKeyId)
    return expired.length
  }

  #keep(record: AccessKeyRecord): void {
    this.#entries.set(record.accessKeyId, { record, readAt: this.#clock().getTime() })
  }

  async #read(accessKeyId: string): Promise<AccessKeyRecord | undefined> {
    const row = await this.#rows.get(directoryScope, accessKeyId)
    if (row) this.#keep(row.value)
    else this.#entries.delete(accessKeyId)
    return row?.value
  }
}
