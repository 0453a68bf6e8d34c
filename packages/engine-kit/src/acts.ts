/**
 * What a test's task does, in steps that every engine can be made to do: engines that run programs get them as a shell
 * script (`shellCommand`), the fake plays them by itself. Paths are the task's own.
 */
export type Act =
  | { readonly do: 'print'; readonly text: string }
  /** Prints one line, in writes of their own with a moment between them. */
  | { readonly do: 'print-in-pieces'; readonly pieces: readonly string[] }
  /** Prints the file's lines. */
  | { readonly do: 'show'; readonly path: string }
  | { readonly do: 'print-variable'; readonly name: string }
  /** Makes the folders on the way. */
  | { readonly do: 'write'; readonly path: string; readonly text: string }
  /** Writes to the file over and over, beside the acts that follow, until the task ends. */
  | { readonly do: 'keep-writing'; readonly path: string }
  | { readonly do: 'make-executable'; readonly path: string }
  /** Waits for SIGTERM; then goes on with the next act. */
  | { readonly do: 'await-stop' }
  /** Hears no SIGTERM from here on, and never ends by itself. */
  | { readonly do: 'hang' }
  /** Leaves a process of its own session behind that never ends. */
  | { readonly do: 'leave-daemon' }
  /** Answers 200 to `GET /ping` until SIGTERM. */
  | { readonly do: 'serve' }
  | { readonly do: 'kill-itself'; readonly signal: 'SIGKILL' | 'SIGSEGV' }
  | { readonly do: 'exit'; readonly code: number }

/** The acts as a command for an image that has `/bin/bash` and `python3`. */
export function shellCommand(acts: readonly Act[]): string[] {
  return ['/bin/bash', '-c', acts.map(shellLine).join('\n')]
}

function shellLine(act: Act): string {
  switch (act.do) {
    case 'print':
      return `printf '%s\\n' ${quote(act.text)}`
    case 'print-in-pieces':
      return `${act.pieces.map((piece) => `printf '%s' ${quote(piece)}; sleep 0.02\n`).join('')}echo`
    case 'show':
      return `printf '%s\\n' "$(cat ${quote(act.path)})"`
    case 'print-variable':
      return `printf '%s\\n' "$${act.name}"`
    case 'write':
      return `mkdir -p "$(dirname ${quote(act.path)})" && printf '%s' ${quote(act.text)} > ${quote(act.path)}`
    case 'keep-writing':
      return `(while true; do head -c 300000 /dev/zero > ${quote(act.path)}; done) &`
    case 'make-executable':
      return `chmod +x ${quote(act.path)} && test -x ${quote(act.path)}`
    case 'await-stop':
      // The shell runs its trap only between commands: `wait` is one that a signal ends. A signal just before it waits for the sleep.
      return `stop=; trap 'stop=1' TERM; echo waiting; while test -z "$stop"; do sleep 1 & wait $!; done`
    case 'hang':
      return `trap '' TERM; echo hanging; while true; do sleep 60; done`
    case 'leave-daemon':
      return `setsid --fork sleep 86400`
    case 'serve':
      return `exec python3 -c ${quote(server)}`
    case 'kill-itself':
      return `kill -${act.signal.slice(3)} $$`
    case 'exit':
      return `exit ${act.code}`
  }
}

function quote(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`
}

/** A Unix socket where the engine asks for one, else port 8080. */
const server = `
import http.server, os, socketserver
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200 if self.path == '/ping' else 404)
        self.send_header('content-length', '0')
        self.end_headers()
    def address_string(self):
        return 'local'
path = os.environ.get('SAGEBRUSH_BIND_TO_SOCKET')
if path:
    socketserver.UnixStreamServer(path, Handler).serve_forever()
else:
    http.server.HTTPServer(('0.0.0.0', 8080), Handler).serve_forever()
`
