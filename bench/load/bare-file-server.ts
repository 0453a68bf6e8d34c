import { createReadStream, statSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

// The least that a download is: Node's HTTP server, and a file piped through it. `bare-file-server.ts FILE`.
const file = process.argv[2] ?? ''
const { size } = statSync(file)
const server = createServer((_, answer) => {
  answer.writeHead(200, { 'content-length': size })
  createReadStream(file).pipe(answer)
})
server.listen(0, '127.0.0.1', () => process.send?.({ port: (server.address() as AddressInfo).port }))
process.on('disconnect', () => process.exit())
