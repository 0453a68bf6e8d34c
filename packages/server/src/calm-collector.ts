import { setFlagsFromString } from 'node:v8'

/**
 * Settings of V8's garbage collector for a process of which one thread answers everybody. As it comes, it collects the
 * whole heap of a busy server every second or two: it begins when the heap could not take in the whole young generation
 * any more, and lets a small heap grow by less than that. For 25 ms as many threads as V8 has take the processors then.
 * So the heap may grow to four times what lives, 30 MB of a busy server, before it is collected. And the main thread
 * collects the young generation by itself, in 2 to 3 ms: it would wait for helpers that get no processor.
 */
export function calmCollector(): void {
  setFlagsFromString('--heap-growing-percent=300')
  setFlagsFromString('--no-parallel-scavenge')
}
