import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { finalState } from '@sagebrush/engine-kit'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openBench } from './testing.ts'

const SECRET = 'the-key-of-the-server'

/** Tries what a hostile job would; prints `LEAK how` for what came through and `tried N` at the end. */
const attack = (home: string, serverPid: number) => `
import ctypes, glob, os, socket, stat, subprocess, sys
home, server, secret = ${JSON.stringify(home)}, ${serverPid}, ${JSON.stringify(SECRET)}.encode()
libc = ctypes.CDLL(None, use_errno=True)
print('fds', len(os.listdir('/proc/self/fd')))
tried = 0
def attempt(how, action):
    global tried
    tried += 1
    try:
        found = action()
    except BaseException as error:
        return
    if found: print('LEAK', how, found)
def holds(path):
    with open(path, 'rb') as file: return secret in file.read(1 << 20)
key = home + '/keys.json'
attempt('path', lambda: holds(key))
attempt('listing', lambda: os.listdir(home))
attempt('dotdot', lambda: holds('/opt/ml/../..' + key))
for pid in [p for p in os.listdir('/proc') if p.isdigit()]:
    attempt('root of ' + pid, lambda: holds('/proc/%s/root%s' % (pid, key)))
    attempt('environ of ' + pid, lambda: holds('/proc/%s/environ' % pid))
    attempt('cwd of ' + pid, lambda: os.listdir('/proc/%s/cwd/%s' % (pid, home)))
    for fd in range(64):
        attempt('fd %d of %s' % (fd, pid), lambda: pid != str(os.getpid()) and holds('/proc/%s/fd/%d%s' % (pid, fd, key)))
attempt('sees the server', lambda: os.path.exists('/proc/%d' % server) and server > 100 and open('/proc/%d/cmdline' % server).read())
if not os.path.exists('/run/sagebrush'): sys.exit('no namespaces: the rest would harm the machine')
attempt('memory of 1', lambda: open('/proc/1/mem', 'rb').read(1) or True)
attempt('ptrace', lambda: libc.ptrace(16, 1, 0, 0) == 0)
attempt('umount', lambda: libc.umount2(home.encode(), 2) == 0)
attempt('umount proc', lambda: libc.umount2(b'/proc', 2) == 0)
attempt('umount dev', lambda: libc.umount2(b'/dev', 2) == 0)
attempt('mount', lambda: libc.mount(b'none', b'/mnt', b'tmpfs', 0, None) == 0)
attempt('remount', lambda: libc.mount(None, b'/', None, 32 | 4096, None) == 0)
attempt('device', lambda: os.mknod('/tmp/disk', 0o600 | stat.S_IFBLK, os.stat('/').st_dev) or True)
attempt('open by handle', lambda: libc.open_by_handle_at(os.open('/', 0), bytes([8, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0]), 0) >= 0)
attempt('core pattern', lambda: open('/proc/sys/kernel/core_pattern', 'w').write('|/bin/true'))
attempt('sysrq', lambda: open('/proc/sysrq-trigger', 'w').write(''))
attempt('setns', lambda: libc.setns(os.open('/proc/1/ns/mnt', 0), 0) == 0 and libc.umount2(home.encode(), 2) == 0)
attempt('machine', lambda: open('/etc/sagebrush-was-here', 'w').write('x'))
attempt('toolkit', lambda: open(os.environ['PATH'].split(':')[0] + '/train', 'a').write('x'))
attempt('write', lambda: open(home + '/new', 'w').write('x'))
attempt('packets of others', lambda: socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0x300))
attempt('raw packets', lambda: socket.socket(socket.AF_INET, socket.SOCK_RAW, 1))
attempt('kill', lambda: server > 100 and os.kill(server, 0) is None)
nested = '''
import ctypes, os
libc = ctypes.CDLL(None)
home, secret = %r, %r
def look(how, path):
    try:
        if secret in open(path + '/keys.json', 'rb').read(): print('LEAK', how)
    except OSError: pass
if libc.unshare(0x10000000 | 0x20000) == 0:
    print('nested')
    libc.umount2(home.encode(), 2); look('nested umount', home)
    os.makedirs('/tmp/m', exist_ok=True)
    if libc.mount(b'/', b'/tmp/m', None, 4096, None) == 0: look('nested bind', '/tmp/m' + home)
    if libc.mount(b'/', b'/tmp/m', None, 4096 | 16384, None) == 0: look('nested rbind', '/tmp/m' + home)
    copy = libc.syscall(428, -100, b'/', 1)
    if copy >= 0: look('nested copy', '/proc/self/fd/%%d%%s' %% (copy, home))
    if libc.syscall(442, -100, home.encode(), 0x8000, bytes([0]*8 + [1] + [0]*23), 32) == 0: look('nested rw', home)
''' % (home, secret)
done = subprocess.run([sys.executable, '-c', nested], stdout=subprocess.PIPE, text=True)
print(done.stdout, end='')
with open('/opt/ml/input/data/x/object', 'w') as file: file.write('changed by the task')
for target, link in (('model/link', key), ('output/failure', key)):
    os.symlink(link, '/opt/ml/' + target)
print('tried', tried)
`

describe('a hostile job', () => {
  let bench: Awaited<ReturnType<typeof openBench>>
  beforeAll(async () => {
    bench = await openBench()
    await mkdir(bench.harness.home, { recursive: true })
    await writeFile(join(bench.harness.home, 'keys.json'), SECRET)
  })
  afterAll(async () => await bench.close())

  test('sees nothing of the server and changes nothing that is stored', async () => {
    const { home } = bench.harness
    const blob = await bench.store('s3://b/x/', ['object'], 'as stored')
    const { state, lines } = await bench.run(`python3 - <<'EOF'\n${attack(home, process.pid)}\nEOF`, {
      inputs: bench.channel('s3://b/x/'),
      outputs: [{ archive: 'model.tar.gz', path: '/opt/ml/model', always: true }],
    })
    expect(lines.filter((line) => line.startsWith('LEAK'))).toEqual([])
    expect(Number(lines.find((line) => line.startsWith('tried'))?.split(' ')[1])).toBeGreaterThan(30)
    expect(lines).toContain('nested')
    expect(lines).toContain('fds 4') // the listing's own is the fourth
    expect(await readFile(blob, 'utf8')).toBe('as stored')
    if (state.phase !== 'ended') throw new Error(state.message)
    expect(state.failure).toBeUndefined()
    expect(state.outputError).toContain('"link" is a link that leaves the folder')
    expect(JSON.stringify(state)).not.toContain(SECRET)
  })

  test('is what the attack would find where there are no namespaces', async () => {
    const bare = await openBench({ isolation: 'none' })
    try {
      await writeFile(join(bare.harness.home, 'keys.json'), SECRET)
      const { lines } = await bare.run(`python3 - <<'EOF'\n${attack(bare.harness.home, process.pid)}\nEOF`)
      expect(lines.join('\n')).toMatch(/LEAK path.*LEAK root of.*LEAK sees the server/s)
    } finally {
      await bare.close()
    }
  })

  test('cannot send its outputs elsewhere by a link in place of a folder', async () => {
    const { state } = await bench.run(`rmdir /opt/ml/model && ln -s ${bench.harness.home} /opt/ml/model`, {
      outputs: [{ archive: 'model.tar.gz', path: '/opt/ml/model', always: true }],
    })
    expect(state).toMatchObject({ phase: 'ended', outputs: [] })
    expect(state.phase === 'ended' && state.outputError).toContain('link')
  })

  test('gets the variables that are its own, and no others', async () => {
    const bench = await openBench({
      variables: {
        ...process.env,
        AWS_SECRET_ACCESS_KEY: SECRET,
        SAGEBRUSH_HOME: '/secret/home',
        PIP_INDEX_URL: 'http://127.0.0.1:9/simple',
        PIP_TARGET: '/elsewhere',
        HTTPS_PROXY: 'http://127.0.0.1:3128',
      },
    })
    try {
      const { lines } = await bench.run(
        'env | sort; python3 -c "import sys; print(sys.prefix)"; pwd; echo $HOME > $HOME/x',
        {
          environment: { MINE: 'yes', FROM_IMAGE: 'overridden' },
        },
      )
      const names = lines.map((line) => line.split('=')[0])
      expect(lines).toContain('MINE=yes')
      expect(lines).toContain('FROM_IMAGE=overridden')
      expect(lines).toContain('PIP_INDEX_URL=http://127.0.0.1:9/simple')
      expect(lines).toContain('HTTPS_PROXY=http://127.0.0.1:3128')
      expect(lines.join('\n')).not.toContain(SECRET)
      expect(names).not.toContain('SAGEBRUSH_HOME')
      expect(names).not.toContain('PIP_TARGET')
      const environment = lines.find((line) => line.startsWith('VIRTUAL_ENV='))?.slice(12)
      expect(lines.slice(-2)).toEqual([environment, '/'])
    } finally {
      await bench.close()
    }
  })

  test('dies with its supervisor, which is told as the platform’s failure', async () => {
    const id = await bench.start('setsid --fork sleep 86400; trap "" TERM; echo up; while true; do sleep 60; done')
    while (!(await bench.lines(id)).includes('up')) await new Promise((resolve) => setTimeout(resolve, 5))
    const [pid] = (await readFile(join(bench.harness.options.root, id, 'lock'), 'utf8')).split(' ')
    process.kill(Number(pid), 'SIGKILL')
    const state = await finalState(bench.engine, id)
    expect(state).toMatchObject({ phase: 'failed', fault: 'platform' })
    expect(state.phase === 'failed' && state.message).toContain('supervisor')
    const running = async () => (await bench.harness.leftovers()).filter((line) => line.startsWith('process'))
    const deadline = Date.now() + 2000
    while ((await running()).length > 0 && Date.now() < deadline) await new Promise((resolve) => setTimeout(resolve, 5))
    expect(await running()).toEqual([])
  })
})
