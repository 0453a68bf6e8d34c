import type { WireRequest } from '../wire/wire-request.ts'

/** A browser's upload by form carries its signature among the form's fields. */
export function isPostForm(request: WireRequest): boolean {
  return request.method === 'POST' && /^multipart\/form-data\s*;/i.test(request.headers['content-type'] ?? '')
}
