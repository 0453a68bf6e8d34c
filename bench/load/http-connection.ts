import { connect, type Socket } from 'node:net'

export interface Answer {
  readonly status: number
  readonly body: Buffer
}

export type Address = { readonly host: string; readonly port: number } | { readonly path: string }

/**
 * One kept connection, one request at a time. Node's own HTTP client costs as much as the server under test; this one
 * reads only what an answer needs: the status, Content-Length or chunks.
 */
export class HttpConnection {
  private readonly socket: Socket
  private received: Buffer = Buffer.alloc(0)
  private waiting: PromiseWithResolvers<Answer> | undefined
  private ended: Error | undefined

  constructor(address: Address) {
    this.socket = connect(address)
    this.socket.setNoDelay(true)
    this.socket.on('data', (chunk) => this.take(chunk))
    this.socket.on('error', (error) => this.fail(error))
    this.socket.on('close', () => this.fail(new Error('the server closed the connection')))
  }

  request(method: string, path: string, headers: Readonly<Record<string, string>>, body: Buffer): Promise<Answer> {
    if (this.ended) return Promise.reject(this.ended)
    this.waiting = Promise.withResolvers<Answer>()
    const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`)
    const head = `${method} ${path} HTTP/1.1\r\n${lines.join('')}content-length: ${body.length}\r\n\r\n`
    this.socket.write(Buffer.concat([Buffer.from(head, 'latin1'), body]))
    return this.waiting.promise
  }

  /** False once the server has closed it, as servers do with idle connections. */
  get isOpen(): boolean {
    return this.ended === undefined
  }

  close(): void {
    this.waiting = undefined
    this.socket.destroy()
  }

  private fail(error: Error): void {
    this.ended ??= error
    this.waiting?.reject(error)
    this.waiting = undefined
  }

  private take(chunk: Buffer): void {
    this.received = this.received.length === 0 ? chunk : Buffer.concat([this.received, chunk])
    const answer = parseAnswer(this.received)
    if (!answer) return
    this.received = Buffer.alloc(0)
    const { waiting } = this
    this.waiting = undefined
    waiting?.resolve(answer)
  }
}

/** The answer that `bytes` hold, or undefined while it is not whole. */
export function parseAnswer(bytes: Buffer): Answer | undefined {
  const end = bytes.indexOf('\r\n\r\n')
  if (end < 0) return undefined
  const head = bytes.toString('latin1', 0, end)
  const status = Number(head.slice(9, 12))
  const length = /\r\ncontent-length: *(\d+)/i.exec(head)?.[1]
  if (length !== undefined) {
    const whole = end + 4 + Number(length)
    return bytes.length < whole ? undefined : { status, body: bytes.subarray(end + 4, whole) }
  }
  if (!/\r\ntransfer-encoding: *chunked/i.test(head)) throw new Error(`an answer without a length: ${head}`)
  const parts: Buffer[] = []
  for (let at = end + 4; ; ) {
    const line = bytes.indexOf('\r\n', at)
    if (line < 0) return undefined
    const size = Number.parseInt(bytes.toString('latin1', at, line), 16)
    const next = line + 2 + size + 2
    if (bytes.length < next) return undefined
    if (size === 0) return { status, body: Buffer.concat(parts) }
    parts.push(bytes.subarray(line + 2, line + 2 + size))
    at = next
  }
}
