/** 56 digits, as long as AWS's; AWS has ignored them since 2023 and so do we, but clients still pass them on. */
export function sequenceToken(events: number): string {
  return String(events + 1).padStart(56, '4961')
}
