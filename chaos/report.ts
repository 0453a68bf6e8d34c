import type { Report } from './scenario.ts'

/** For people. */
export function reportText(report: Report): string {
  const { scenario, engine, seed, seconds, histogram, figures, failures } = report
  const width = Math.max(...Object.keys({ ...figures, ...histogram }).map((name) => name.length))
  const rows = (entries: Readonly<Record<string, number | string>>) =>
    Object.entries(entries).map(([name, value]) => `  ${name.padEnd(width)}  ${value}`)
  return [
    `${scenario}: engine ${engine}, seed ${seed}, ${seconds} s`,
    ...rows(histogram),
    ...rows(figures),
    ...(failures.length === 0 ? ['  all holds'] : failures.map((failure) => `  FAILED ${failure}`)),
  ].join('\n')
}
