"""From the start of the task's first process to the archived outputs: one poll loop over log, stop requests and it."""
import errno
import fcntl
import json
import os
import select
import signal
import socket
import time

import collect
import init
import record
import syscalls
import task_log
from places import Removed, below

_READ_BYTES = 1 << 20
_F_SETPIPE_SZ = 1031
# After the first line at once, no more often than so: whoever is told looks at several files.
_HINT_S = 0.1


class Session:
    def __init__(self, plan, task, state, control, lock):
        self._plan, self._task, self._state, self._control, self._lock = plan, task, state, control, lock
        self._log = task_log.TaskLog(os.path.join(task, 'log'))
        self._channel = None
        self._started = None
        self._status = None
        self._failed = None
        self._gone = False
        self._stopped = False
        self._kill_at = None
        self._flush_at = None
        self._hint_at = None
        self._words = b''
        self._oom_before = _oom_kills()

    def run(self):
        for line in self._plan['notes']:
            self._log.say(line)
        self._notes_end = self._log.size()
        self._read_stop()
        if self._stopped:
            self._started = record.now()
            self._state.put('collecting', started=self._started, since=self._started)
            self._status = signal.SIGTERM
        else:
            try:
                self._launch()
                self._loop()
            except Removed:
                self._end_all()
                raise
        if self._failed:
            self._state.end('failed', message=self._failed['failed'], fault=self._failed['fault'], ended=record.now())
        else:
            self._finish()

    def _launch(self):
        here, there = socket.socketpair()
        read_end, write_end = os.pipe2(os.O_CLOEXEC)
        try:
            fcntl.fcntl(read_end, _F_SETPIPE_SZ, _READ_BYTES)
        except OSError:
            pass  # over the user's limit of pipe memory: slower, no more
        os.set_blocking(read_end, False)
        uid, gid = os.getuid(), os.getgid()
        kind = self._plan['namespaces']
        flags = 0 if kind == 'none' else syscalls.NEWNS | syscalls.NEWPID | syscalls.NEWIPC | syscalls.NEWUTS
        flags |= syscalls.NEWUSER if kind == 'user' else 0
        process = syscalls.fork_into(flags) if flags else os.fork()
        if process == 0:
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
            for descriptor in (here.fileno(), read_end, self._control, self._lock):
                os.close(descriptor)  # the lock and the control pipe must end with the supervisor, not with us
            init.run(self._plan, self._task, there, write_end, uid, gid)
        there.close()
        os.close(write_end)
        self._init, self._channel, self._pipe = process, here, read_end

    def _loop(self):
        poll = select.poll()
        for descriptor in (self._channel.fileno(), self._pipe, self._control):
            poll.register(descriptor, select.POLLIN)
        open_ends = {self._channel.fileno(), self._pipe}
        while open_ends and not (self._gone and self._pipe not in open_ends):
            for descriptor, _ in poll.poll(self._wait_ms()):
                if descriptor == self._control:
                    os.read(self._control, 4096)
                    self._read_stop()
                elif not (self._take_log() if descriptor == self._pipe else self._take_words()):
                    poll.unregister(descriptor)
                    open_ends.discard(descriptor)
            self._on_time()
        self._log.finish()
        self._channel.close()
        os.waitpid(self._init, 0)
        if self._status is None and self._failed is None:
            self._failed = {'failed': 'The first process of the task was killed.', 'fault': 'platform'}

    def _end_all(self):
        """Kills the task's processes and waits for their end."""
        if self._channel is None:
            return
        self._channel.close()
        if self._plan['namespaces'] != 'none':  # else it must live a moment longer, to kill its descendants
            os.kill(self._init, signal.SIGKILL)
        os.waitpid(self._init, 0)

    def _wait_ms(self):
        times = [at for at in (self._kill_at, self._flush_at, self._hint_at) if at is not None]
        return max(0, int((min(times) - time.monotonic()) * 1000) + 1) if times else None

    def _on_time(self):
        now = time.monotonic()
        if self._flush_at is not None and now >= self._flush_at:
            self._flush_at = None
            self._log.flush()
            self._state.hint()
        if self._hint_at is not None and now >= self._hint_at:
            self._hint_at = None
            self._state.hint()
        if self._kill_at is not None and now >= self._kill_at:
            self._kill_at = None
            self._send(b'kill ')

    def _take_log(self):
        try:
            data = os.read(self._pipe, _READ_BYTES)
        except BlockingIOError:
            return True
        if not data:
            return False
        self._log.take(data)
        now = time.monotonic()
        self._flush_at = now + task_log.FLUSH_S if self._log.has_part else None
        if self._hint_at is None:
            self._state.hint()
            self._hint_at = now + _HINT_S
        return True

    def _take_words(self):
        data = self._channel.recv(65536)
        if not data:
            return False
        *lines, self._words = (self._words + data).split(b'\n')
        for line in lines:
            message = json.loads(line)
            if 'failed' in message:
                self._failed = message
            elif 'running' in message:
                self._started = record.now()
                address = {'socketPath': self._plan['socketPath']} if self._plan.get('socketPath') else None
                self._state.put('running', started=self._started, address=address)
            elif 'exit' in message:
                self._status = message['exit']
                self._kill_at = None
                self._state.put('collecting', since=record.now())
            elif 'gone' in message:
                self._gone = True
        return True

    def _read_stop(self):
        try:
            with open(os.path.join(self._task, 'stop.json')) as file:
                grace_ms = json.load(file)['graceMs']
        except FileNotFoundError:
            return
        if self._status is not None:
            return
        if not self._stopped:
            self._stopped = True
            self._send(b'term ')
        at = time.monotonic() + grace_ms / 1000
        self._kill_at = at if self._kill_at is None else min(self._kill_at, at)

    def _send(self, word):
        if self._channel is None:
            return  # `run` has not started anything yet, and looks before it does
        try:
            self._channel.sendall(word)
        except OSError:
            pass  # gone, which the poll loop hears of

    def _finish(self):
        plan, ml = self._plan, os.path.join(self._task, 'ml')
        signal_number = os.WTERMSIG(self._status) if os.WIFSIGNALED(self._status) else None
        code = None if signal_number else os.WEXITSTATUS(self._status)
        problems = []
        if code != 0 and plan['hostHint']:
            lines = task_log.last_lines(self._log.path, self._notes_end)
            if any('address already in use' in line.lower() for line in lines):
                self._log.say(plan['hostHint'])
        outputs = self._collect(ml, problems)
        if self._log.lost:
            problem = '%d bytes of the log were lost: the disk is full' % self._log.lost
            problems.append(problem)
            # Among the last lines too, by which a failed job is told.
            self._log.say('Sagebrush: %s' % problem)
        self._state.end(
            'ended', code=code, signal=signal.Signals(signal_number).name if signal_number else None,
            # 137: a shell whose command was killed so.
            outOfMemory=(signal_number == signal.SIGKILL or code == 137) and not self._stopped
            and _oom_kills() > self._oom_before,
            stopped=self._stopped, failure=collect.read_start(ml, 'output/failure', 1024),
            lastLines=task_log.last_lines(self._log.path, self._notes_end), outputs=outputs,
            outputError='; '.join(problems) or None, ended=record.now())

    def _collect(self, ml, problems):
        outputs = []
        if _is_full(self._task):
            # The task is over: nobody reads these again, and the server needs space to write down its end.
            for name in ('tmp', 'home'):
                _empty(self._task, name)
        for output in self._plan['outputs']:
            target = os.path.join(self._task, 'out', output['archive'])
            place = os.path.relpath(below(ml, output['path']), ml)
            try:
                size, md5, told, count = collect.collect(ml, place, output['path'].rstrip('/'), target)
            except OSError as error:
                problems.append('%s could not be made: %s' % (output['archive'], error.strerror))
                if os.path.exists(target):
                    os.unlink(target)
                if error.errno in (errno.ENOSPC, errno.EDQUOT):
                    _empty(ml, place)
                continue
            problems += ['%s: %s' % (output['archive'], text) for text in told]
            if count or output['always']:
                outputs.append({'archive': output['archive'], 'file': target, 'sizeBytes': size, 'md5': md5})
            else:
                os.unlink(target)
        return outputs


_LITTLE_BYTES = 1 << 20


def _is_full(folder):
    found = os.statvfs(folder)
    return found.f_bavail * found.f_frsize < _LITTLE_BYTES


def _empty(root, path):
    """Removes what the folder `path` below `root` holds; nothing where a link stands on the way to it."""
    import shutil
    folder = os.path.normpath(os.path.join(root, path))
    if os.path.realpath(folder) != os.path.normpath(os.path.join(os.path.realpath(root), path)):
        return
    for entry in os.scandir(folder):
        if entry.is_dir(follow_symlinks=False):
            shutil.rmtree(entry.path, ignore_errors=True)
        else:
            try:
                os.unlink(entry.path)
            except OSError:
                pass  # the task's end is told all the same; what stays goes with the task's folder


def _oom_kills():
    """How many processes the kernel has killed for want of memory, on this machine."""
    try:
        with open('/proc/vmstat') as file:
            return next((int(line.split()[1]) for line in file if line.startswith('oom_kill ')), 0)
    except OSError:
        return 0
