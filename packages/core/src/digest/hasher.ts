/** Takes bytes as they come. */
export interface Hasher {
  update(bytes: Uint8Array): void
  /** Raw digest, big-endian; ends the hasher. */
  digest(): Buffer
}
