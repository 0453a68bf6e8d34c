import { createHash } from 'node:crypto'
import { InvalidCursor, type ListQuery, type Scope } from '@sagebrush/core'
import type { Place } from './messages.ts'

/** A mark of the query, the page size apart: its cursors are refused by any other. */
export function queryMark(collection: string, scope: Scope, query: ListQuery): string {
  const { where = [], nameContains = '', sortBy, order } = query
  const conditions = where.map(({ field, is, value }) => [field, is, value])
  const text = JSON.stringify([collection, scope.account, scope.region, conditions, nameContains, sortBy, order])
  return createHash('sha256').update(text).digest('base64url').slice(0, 16)
}

export function writeCursor(mark: string, { cell, name }: Place): string {
  return Buffer.from(JSON.stringify([mark, cell, name])).toString('base64url')
}

export function readCursor(mark: string, cursor: string): Place {
  const read = parse(cursor)
  if (!Array.isArray(read) || read.length !== 3) throw new InvalidCursor('The cursor is damaged')
  const [found, cell, name] = read as unknown[]
  if (found !== mark) throw new InvalidCursor('The cursor was given by another query')
  const isCell = cell === null || typeof cell === 'number' || typeof cell === 'string'
  if (!isCell || typeof name !== 'string') throw new InvalidCursor('The cursor is damaged')
  return { cell, name }
}

function parse(cursor: string): unknown {
  try {
    return JSON.parse(Buffer.from(cursor, 'base64url').toString())
  } catch (cause) {
    throw new InvalidCursor('The cursor is damaged', { cause })
  }
}
