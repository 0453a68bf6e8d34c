/** Members of an invocation that a container sees as headers. */
export interface InvocationHeaders {
  readonly ContentType?: string
  readonly Accept?: string
  readonly CustomAttributes?: string
  readonly InferenceId?: string
  readonly EnableExplanations?: string
  readonly SessionId?: string
}

const PREFIX = 'x-amzn-sagemaker-'
/** Says where the request goes; the container has no use for it. */
const OURS = new Set([`${PREFIX}target-variant`])

/**
 * What is passed on to the container: content type, accept and the `X-Amzn-SageMaker-*` headers. Everything else
 * (signature, host, agent) stays here.
 */
export function containerHeaders(
  input: InvocationHeaders,
  received: Readonly<Record<string, string>>,
): Record<string, string> {
  const headers: Record<string, string> = {}
  for (const name in received) {
    const value = received[name]
    if (name.startsWith(PREFIX) && value !== undefined && !OURS.has(name)) headers[name] = value
  }
  if (input.ContentType !== undefined) headers['content-type'] = input.ContentType
  if (input.Accept !== undefined) headers.accept = input.Accept
  if (input.CustomAttributes !== undefined) headers[`${PREFIX}custom-attributes`] = input.CustomAttributes
  if (input.InferenceId !== undefined) headers[`${PREFIX}inference-id`] = input.InferenceId
  if (input.EnableExplanations !== undefined) headers[`${PREFIX}enable-explanations`] = input.EnableExplanations
  if (input.SessionId !== undefined) headers[`${PREFIX}session-id`] = input.SessionId
  return headers
}

type Received = Readonly<Record<string, string | string[] | undefined>>

/** Members of the answer that a container sets by headers; absent ones stay away. */
export function answerMembers(headers: Received): {
  ContentType?: string
  CustomAttributes?: string
  NewSessionId?: string
  ClosedSessionId?: string
} {
  const members: ReturnType<typeof answerMembers> = {}
  const type = first(headers['content-type'])
  const attributes = first(headers[`${PREFIX}custom-attributes`])
  const opened = first(headers[`${PREFIX}new-session-id`])
  const closed = first(headers[`${PREFIX}closed-session-id`])
  if (type !== undefined) members.ContentType = type
  if (attributes !== undefined) members.CustomAttributes = attributes
  if (opened !== undefined) members.NewSessionId = opened
  if (closed !== undefined) members.ClosedSessionId = closed
  return members
}

function first(value: string | string[] | undefined): string | undefined {
  return Array.isArray(value) ? value[0] : value
}
