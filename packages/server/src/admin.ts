import { randomBytes, timingSafeEqual } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'

export interface AdminActions {
  readonly version: string
  readonly status: () => Promise<Record<string, unknown>>
  readonly collectGarbage: () => Promise<Record<string, unknown>>
  readonly endWork: () => Promise<Record<string, unknown>>
  readonly snapshot: () => Promise<Record<string, unknown>>
}

export interface Admin {
  /** Known only to who can read the home. */
  readonly token: string
  /** True where it took the request. */
  readonly listener: (request: IncomingMessage, response: ServerResponse) => boolean
}

/** Answers `/_sagebrush/…`: what is no AWS operation. No bucket can have this name: S3's begin with a letter or a digit. */
export function openAdmin(actions: AdminActions): Admin {
  const token = randomBytes(24).toString('base64url')
  return {
    token,
    listener: (request, response) => {
      const path = request.url?.split('?')[0] ?? ''
      if (!path.startsWith('/_sagebrush/')) return false
      void answer(actions, token, `${request.method} ${path.slice('/_sagebrush/'.length)}`, request, response)
      return true
    },
  }
}

async function answer(
  actions: AdminActions,
  token: string,
  route: string,
  request: IncomingMessage,
  response: ServerResponse,
) {
  if (route === 'GET health') return send(response, 200, { status: 'ok', version: actions.version })
  const { status, collectGarbage, endWork, snapshot } = actions
  const work = { 'GET status': status, 'POST gc': collectGarbage, 'POST end-work': endWork, 'POST snapshot': snapshot }[
    route
  ]
  if (!work) return send(response, 404, { error: `There is nothing at ${route}.` })
  if (!holdsToken(request, token)) return send(response, 403, { error: 'The token of the home is missing.' })
  try {
    send(response, 200, await work())
  } catch (error) {
    send(response, 500, { error: error instanceof Error ? error.message : String(error) })
  }
}

function holdsToken(request: IncomingMessage, token: string): boolean {
  const given = Buffer.from(request.headers.authorization ?? '')
  const wanted = Buffer.from(`Bearer ${token}`)
  return given.length === wanted.length && timingSafeEqual(given, wanted)
}

function send(response: ServerResponse, status: number, body: Record<string, unknown>): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(`${JSON.stringify(body)}\n`)
}
