/** Whether a message is wanted. */
export type Matcher = (message: string) => boolean
