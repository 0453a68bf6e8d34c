/** What a role or a user may do: its own policies and the managed ones that are attached to it. */
export interface Permissions {
  /** Inline policies by name, each a JSON text. */
  readonly inline: Readonly<Record<string, string>>
  /** ARNs of managed policies, in the order in which they were attached. */
  readonly attached: readonly string[]
  /** ARN of the managed policy that bounds the others. */
  readonly boundary?: string
}

export interface Tag {
  readonly Key: string
  readonly Value: string
}
