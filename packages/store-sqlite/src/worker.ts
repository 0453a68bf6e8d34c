import { DatabaseSync } from 'node:sqlite'
import { parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads'
import { toMessage } from './error-message.ts'
import type { AnswerMessage, CallMessage, WorkerStart } from './messages.ts'
import { migrate } from './migrations.ts'
import { ReadRows } from './read-rows.ts'
import { WriteRows } from './write-rows.ts'

const { path, role } = workerData as WorkerStart
if (!parentPort) throw new Error('This file runs as a worker thread of a store')
const port = parentPort
const most = 1_000

/** Runs calls that came together. */
type Run = (calls: readonly CallMessage[]) => AnswerMessage[]

function answer(call: CallMessage, run: () => unknown): AnswerMessage {
  try {
    return { id: call.id, output: run() }
  } catch (cause) {
    return { id: call.id, error: toMessage(cause, path) }
  }
}

function openWriter(): { db: DatabaseSync; run: Run } {
  const db = new DatabaseSync(path, { timeout: 2_000 })
  migrate(db, path)
  // FULL syncs the write-ahead log at every commit: an answered write survives a power cut.
  db.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA journal_size_limit = 67108864')
  const rows = new WriteRows(db)
  const calls = {
    open: () => undefined,
    ensure: rows.ensure.bind(rows),
    rowsToIndex: rows.rowsToIndex.bind(rows),
    writeIndex: rows.writeIndex.bind(rows),
    finishIndex: rows.finishIndex.bind(rows),
    insert: rows.insert.bind(rows),
    update: rows.update.bind(rows),
    put: rows.put.bind(rows),
    remove: rows.remove.bind(rows),
  } as Readonly<Record<string, (input: unknown) => unknown>>
  const together = (batch: readonly CallMessage[]): AnswerMessage[] => {
    try {
      db.exec('BEGIN IMMEDIATE')
      const answers = batch.map((call) => {
        const answered = answer(call, () => calls[call.call]?.(call.input))
        // A full disk rolls everything back at once, not only the statement that met it.
        if (!db.isTransaction) throw new Rollback(answered)
        return answered
      })
      db.exec('COMMIT')
      return answers
    } catch (cause) {
      if (db.isTransaction) db.exec('ROLLBACK')
      rows.forget()
      const error = cause instanceof Rollback && 'error' in cause.answer ? cause.answer.error : toMessage(cause, path)
      return batch.map(({ id }) => ({ id, error }))
    }
  }
  const alone = (call: CallMessage): boolean => ['ensure', 'writeIndex', 'finishIndex'].includes(call.call)
  return {
    db,
    // What changes a table takes several statements: it gets a transaction of its own, to fail as one.
    run: (batch) => (batch.some(alone) ? batch.flatMap((call) => together([call])) : together(batch)),
  }
}

class Rollback extends Error {
  readonly answer: AnswerMessage

  constructor(answered: AnswerMessage) {
    super('The transaction was rolled back')
    this.answer = answered
  }
}

function openReader(): { db: DatabaseSync; run: Run } {
  const db = new DatabaseSync(path, { readOnly: true, timeout: 2_000 })
  db.exec('PRAGMA cache_size = -16384')
  const rows = new ReadRows(db)
  const calls = {
    get: rows.get.bind(rows),
    list: rows.list.bind(rows),
    range: rows.range.bind(rows),
    each: rows.each.bind(rows),
    copy: rows.copy.bind(rows),
  } as Readonly<Record<string, (input: unknown) => unknown>>
  return { db, run: (batch) => batch.map((call) => answer(call, () => calls[call.call]?.(call.input))) }
}

let opened: { db: DatabaseSync; run: Run } | undefined
const open = (): { db: DatabaseSync; run: Run } => {
  opened ??= role === 'writer' ? openWriter() : openReader()
  return opened
}

port.on('message', (first: CallMessage) => {
  const batch = [first]
  while (batch.length < most) {
    const more = receiveMessageOnPort(port)
    if (!more) break
    batch.push(more.message as CallMessage)
  }
  const closing = batch.find(({ call }) => call === 'close')
  const calls = batch.filter((call) => call !== closing)
  if (calls.length > 0) {
    try {
      port.postMessage(open().run(calls))
    } catch (cause) {
      port.postMessage(calls.map(({ id }) => ({ id, error: toMessage(cause, path) })))
    }
  }
  if (!closing) return
  port.postMessage([answer(closing, () => opened?.db.close())])
  port.close()
})
