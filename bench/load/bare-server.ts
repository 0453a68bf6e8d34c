import { createServer } from 'node:http'

// The least that a server in Node.js is: one that answers "ok". `bare-server.ts PORT`.
createServer((_, response) => response.end('ok')).listen(Number(process.argv[2]), '127.0.0.1')
