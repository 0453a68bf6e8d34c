/**
 * A line on stderr that says what is going on, from the first moment on, and for how long: redrawn each second on a
 * terminal, repeated every 15 s in a log. `end()` closes it with the time it took.
 */
export function progress(text: string): { end(): void }
