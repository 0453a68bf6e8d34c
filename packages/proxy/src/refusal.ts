import type { IncomingMessage, ServerResponse } from 'node:http'

/** In every SDK a client error, so that nobody tries again. */
const STATUS = 400
export const NOT_HELD = 'ServiceNotHeld'

export function notHeldMessage(host: string): string {
  return `Sagebrush does not answer for ${host}, and nothing was sent to AWS. To let requests to this host out to AWS, add ${host} to the setting proxy.passThrough.`
}

export interface Refusal {
  readonly host: string
  readonly code: string
  readonly message: string
  readonly status?: number
}

/** Answers with an error that the SDK of whatever service was meant shows to its user. */
export function refuse(request: IncomingMessage, response: ServerResponse, refusal: Refusal): void {
  const { status = STATUS } = refusal
  const [type, body] = encode(request, refusal)
  response.writeHead(status, {
    'content-type': type,
    'content-length': body.length,
    'x-amzn-errortype': refusal.code,
    connection: 'close',
  })
  response.end(request.method === 'HEAD' ? undefined : body)
  request.resume()
}

function encode(request: IncomingMessage, { host, code, message }: Refusal): readonly [type: string, body: Buffer] {
  const sent = request.headers['content-type'] ?? ''
  if (request.headers['smithy-protocol'] === 'rpc-v2-cbor') {
    return [
      'application/cbor',
      Buffer.concat([
        Buffer.of(0xa2),
        ...[
          ['__type', code],
          ['message', message],
        ]
          .flat()
          .map(cborText),
      ]),
    ]
  }
  const error = `<Code>${code}</Code><Message>${escapeXml(message)}</Message>`
  if (host.startsWith('ec2.')) return xml(`<Response><Errors><Error>${error}</Error></Errors></Response>`)
  if (/(^|\.)s3[.-]/.test(host)) return xml(`<Error>${error}</Error>`)
  if (sent.startsWith('application/x-www-form-urlencoded')) {
    return xml(`<ErrorResponse><Error><Type>Sender</Type>${error}</Error></ErrorResponse>`)
  }
  const json = /^application\/x-amz-json-1\.\d/.exec(sent)?.[0] ?? 'application/json'
  return [json, Buffer.from(JSON.stringify({ __type: code, message }))]
}

function xml(body: string): readonly [type: string, body: Buffer] {
  return ['text/xml', Buffer.from(`<?xml version="1.0" encoding="UTF-8"?>\n${body}`)]
}

function escapeXml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
}

/** A CBOR text of less than 64 KiB. */
function cborText(text: string): Buffer {
  const bytes = Buffer.from(text)
  return Buffer.concat([Buffer.of(0x79, bytes.length >> 8, bytes.length & 0xff), bytes])
}
