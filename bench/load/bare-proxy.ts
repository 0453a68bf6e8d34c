import { Agent, createServer, request } from 'node:http'
import type { AddressInfo } from 'node:net'

// The bare mechanism that a router is held against: Node's HTTP server in front of Node's HTTP client with kept
// connections, piped through; no signature, no choice of an instance, no limits. `bare-proxy.ts SOCKET PATH`.
const [socketPath, path] = process.argv.slice(2)
const agent = new Agent({ keepAlive: true, maxSockets: 16 })

const server = createServer((incoming, outgoing) => {
  const { 'content-type': type, accept, 'content-length': length } = incoming.headers
  const headers = { 'content-type': type, accept, 'content-length': length }
  const forwarded = request({ socketPath, path, method: 'POST', agent, headers }, (answer) => {
    outgoing.writeHead(answer.statusCode ?? 502, answer.headers)
    answer.pipe(outgoing)
  })
  forwarded.on('error', (error) => outgoing.destroy(error))
  incoming.pipe(forwarded)
})
server.listen(0, '127.0.0.1', () => process.send?.({ port: (server.address() as AddressInfo).port }))
process.on('disconnect', () => process.exit())
