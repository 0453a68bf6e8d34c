import { parseArgs } from 'node:util'
import { endpointStart } from './endpoint-start.ts'
import { type Figure, table } from './figure.ts'
import { invoke } from './invoke.ts'
import { list } from './list.ts'
import { localMode } from './local-mode.ts'
import { mixed } from './mixed.ts'
import { s3 } from './s3.ts'
import { server } from './server.ts'
import { staging } from './staging.ts'
import { trainingStart } from './training-start.ts'

/** `npm run bench -- [NAME…] [--json]`: measures, and ends with status 1 where a target is missed. */
const benches = [trainingStart, server, endpointStart, invoke, list, s3, staging, localMode, mixed]
const { values, positionals: names } = parseArgs({
  allowPositionals: true,
  options: { json: { type: 'boolean' }, help: { type: 'boolean' } },
})
const unknown = names.filter((name) => !benches.some((bench) => bench.name === name))
const usage = `usage: npm run bench -- [NAME…] [--json]\n${benches.map((bench) => `  ${bench.name.padEnd(16)}${bench.measures}`).join('\n')}`

if (values.help) console.log(usage)
else if (unknown.length > 0) {
  console.error(`There is no bench named ${unknown.join(', ')}.\n${usage}`)
  process.exitCode = 2
} else {
  const figures: Figure[] = []
  for (const bench of benches) {
    if (names.length > 0 && !names.includes(bench.name)) continue
    const say = (text: string) => console.error(`${bench.name}: ${text}`)
    say(bench.measures)
    for await (const measured of bench.run(say)) {
      figures.push(measured)
      if (values.json) console.log(JSON.stringify(measured))
    }
  }
  if (!values.json) console.log(table(figures))
  if (figures.some((measured) => measured.pass === false)) process.exitCode = 1
}
