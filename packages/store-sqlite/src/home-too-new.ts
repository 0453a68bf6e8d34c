/** The home was written by a newer Sagebrush. */
export class HomeTooNew extends Error {
  override readonly name = 'HomeTooNew'
  readonly found: number
  readonly known: number

  constructor(path: string, found: number, known: number) {
    super(
      `${path} has format ${found}, and this version of Sagebrush knows formats up to ${known}: ` +
        'start the newer version that wrote it, or use another home',
    )
    this.found = found
    this.known = known
  }
}
