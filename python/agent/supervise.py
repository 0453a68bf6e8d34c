"""
Supervises one task: stages its inputs, starts it in its namespaces, keeps its log, stops it, archives its outputs.
Outlives the server that started it. Standard input: JSON lines, first {"task": folder}, for which it may wait long (the
server keeps one ready: starting Python takes longer than all that follows); then the plan, then the objects of the
task's inputs, then {"go": true}. If the input ends before that, nothing has happened and nothing is written.
"""
import fcntl
import json
import os
import shutil
import signal
import sys

import record
import session
import staging
from places import Removed, below

_TAKEN = 75  # EX_TEMPFAIL, which the server knows


def main():
    signal.signal(signal.SIGTERM, _removed)
    for name in os.listdir('/proc/self/fd'):  # what the server, or whoever started it, had open is not for tasks
        if int(name) > 2:
            try:
                os.close(int(name))
            except OSError:
                pass  # the listing's own
    try:
        first = sys.stdin.buffer.readline()
        if first.endswith(b'\n'):
            supervise(json.loads(first)['task'])
    except Removed:
        pass


def _removed(number, frame):
    signal.signal(signal.SIGTERM, signal.SIG_IGN)  # asked again, it must not break off what it does about the first
    raise Removed


def supervise(task):
    errors = os.open(os.path.join(task, 'supervisor.log'), os.O_CREAT | os.O_WRONLY | os.O_APPEND, 0o600)
    os.dup2(errors, 2)
    os.close(errors)
    os.umask(0o022)
    # Held for life. Whoever cannot have it is the second of two servers that found the task at once.
    lock = os.open(os.path.join(task, 'lock'), os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        sys.exit(_TAKEN)
    if os.path.exists(os.path.join(task, 'state.json')):
        return
    os.ftruncate(lock, 0)
    with open('/proc/self/stat') as file:
        began = file.read().rpartition(')')[2].split()[19]
    os.write(lock, ('%d %s' % (os.getpid(), began)).encode())
    for name in ('ml', 'stage', 'environment', 'home', 'tmp'):  # of an attempt that was broken off before the start
        if os.path.exists(os.path.join(task, name)):
            shutil.rmtree(os.path.join(task, name))
    # Read by nobody but us for life: the server, which has no flock, tells by writing to it whether we live.
    path = os.path.join(task, 'control')
    if os.path.exists(path):
        os.unlink(path)
    os.mkfifo(path, 0o600)
    control = os.open(path, os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
    first = sys.stdin.buffer.readline()
    if not first.endswith(b'\n'):
        return
    plan = json.loads(first)
    state = record.Record(task, plan['hint'])
    try:
        if stage(plan, task, sys.stdin.buffer):
            # From here on a death is a failure of the task: it may have run.
            state.put('staging', since=plan['since'])
            session.Session(plan, task, state, control, lock).run()
    except staging.Refused as error:
        state.end('failed', message=str(error), fault='user', ended=record.now())
    except OSError as error:
        state.end('failed', message=_words(error, task), fault='platform', ended=record.now())
    except Exception as error:
        state.end('failed', message='The supervisor failed: %s: %s' % (type(error).__name__, error), fault='platform',
                  ended=record.now())
        raise


def _words(error, task):
    if error.errno == 28:
        return 'No space is left on the disk that holds %s.' % task
    return 'The task cannot be started: %s' % error


def stage(plan, task, lines):
    """Makes the task's folders and files and takes its objects in. False where the server went away before the end."""
    ml = os.path.join(task, 'ml')
    for name in ('ml', 'ml/model', 'ml/output', 'ml/output/data', 'ml/input/config', 'ml/input/data', 'home', 'tmp', 'out'):
        os.makedirs(os.path.join(task, name), exist_ok=True)
    os.chmod(os.path.join(task, 'tmp'), 0o1777)
    open(os.path.join(task, 'blank'), 'w').close()
    with open(os.path.join(task, 'hosts'), 'w') as file:
        file.write(plan['hostsFile'])
    for file in plan['files']:
        _write(below(ml, file['path']), file['content'])
    for file in plan['homeFiles']:
        _write(os.path.join(task, 'home', file['path']), file['content'])
    plan['views'] = []
    channels = {}
    for line in lines:
        if not line.endswith(b'\n'):
            return False
        message = json.loads(line)
        if message.get('go'):
            return True
        index = message['input']
        _take(plan, task, ml, index, plan['inputs'][index], channels, message['objects'])
    return False


def _write(path, content):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, 'w', encoding='utf-8', errors='surrogateescape') as file:
        file.write(content)


def _take(plan, task, ml, index, source, channels, objects):
    target = below(ml, source['path'])
    if source['kind'] == 'archive':
        import unpack
        for name, _, path in objects:
            unpack.unpack(path, target, 'The archive %s' % source['uri'])
        return
    channel = channels.get(index)
    if channel is None:
        folder = os.path.join(task, 'stage', str(index))
        os.makedirs(target, exist_ok=True)
        overlay = plan['overlay'] and not source['direct']
        lower = os.path.join(folder, 'lower') if overlay else target
        channel = channels[index] = staging.Channel(source['label'], lower, os.path.join(folder, 'spare'), overlay)
        if overlay:
            plan['views'].append({'lower': lower, 'folder': folder, 'target': target})
    channel.take(objects)


if __name__ == '__main__':
    main()
