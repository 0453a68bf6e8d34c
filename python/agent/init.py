"""
The task's first process: puts the namespace together, starts the command, reaps orphans, passes signals on and kills
what is left when the command ends. It dies with the supervisor, and with it everything in its PID namespace.
"""
import errno
import json
import os
import select
import signal

import namespace
import syscalls

# Docker's defaults without MKNOD and NET_RAW: CHOWN DAC_OVERRIDE FOWNER FSETID KILL SETGID SETUID SETPCAP
# NET_BIND_SERVICE SYS_CHROOT AUDIT_WRITE SETFCAP. NET_RAW is harmless in a network of one's own; here it would show the
# task all that goes over the machine's loopback: other accounts' objects, keys in the answers of STS and IAM.
_CAPABILITIES = (0, 1, 3, 4, 5, 6, 7, 8, 10, 18, 29, 31)


def run(plan, task, channel, output, uid, gid):
    """Never returns. `channel`: a socket to the supervisor; `output`: the pipe that becomes stdout and stderr."""
    isolated = plan['namespaces'] != 'none'
    try:
        _run(plan, task, channel, output, uid, gid, isolated)
    except SystemExit:
        kill_the_rest(isolated)
    except BaseException as error:  # the supervisor must hear of every failure: nobody else will
        _tell(channel, {'failed': '%s' % error, 'fault': 'platform'})
    finally:
        os._exit(1)


def _tell(channel, message):
    try:
        channel.sendall(json.dumps(message).encode() + b'\n')
    except OSError:
        pass  # the supervisor is gone: so is this process, at its next poll


def _run(plan, task, channel, output, uid, gid, isolated):
    if isolated:
        syscalls.die_with_parent()
        if plan['namespaces'] == 'user':
            namespace.join_user_namespace(uid, gid)
        try:
            namespace.build(plan, task)
        except OSError as error:
            raise OSError(error.errno, 'cannot make the task\'s own view of the machine: %s' % error.strerror) from error
    else:
        syscalls.become_subreaper()
    os.chdir('/')
    wake, waker = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
    signal.set_wakeup_fd(waker, warn_on_full_buffer=False)
    signal.signal(signal.SIGCHLD, lambda number, frame: None)
    command = _start(plan, output, channel, isolated)
    if command is None:
        return
    os.close(output)
    _tell(channel, {'running': True})
    status = _watch(channel, command, wake)
    # First what is final, for the server's eyes; then the killing, which takes its time with many processes.
    _tell(channel, {'exit': status})
    kill_the_rest(isolated)
    _tell(channel, {'gone': True})


def _start(plan, output, channel, isolated):
    """Forks and executes the command; tells the supervisor and returns None where it cannot be executed."""
    read_end, write_end = os.pipe2(os.O_CLOEXEC)
    process = os.fork()
    if process == 0:
        try:
            _become(plan, output, isolated)
        except OSError as error:
            os.write(write_end, b'%d' % (error.errno or 0))
        finally:
            os._exit(127)
    os.close(write_end)
    problem = os.read(read_end, 16)
    os.close(read_end)
    if not problem:
        return process
    os.waitpid(process, 0)
    name = plan['command'][0]
    number = int(problem)
    text = 'it is not in the image %s' % plan['image'] if number == errno.ENOENT else os.strerror(number)
    _tell(channel, {'failed': 'The command "%s" cannot be started: %s.' % (name, text), 'fault': 'user'})
    return None


def _become(plan, output, isolated):
    os.setsid()
    null = os.open('/dev/null', os.O_RDONLY)
    os.dup2(null, 0)
    os.dup2(output, 1)
    os.dup2(output, 2)
    signal.set_wakeup_fd(-1)
    for number in (signal.SIGPIPE, signal.SIGXFSZ, signal.SIGINT, signal.SIGCHLD, signal.SIGTERM):
        signal.signal(number, signal.SIG_DFL)  # Python ignores some of these, and a command would inherit that
    os.umask(0o022)
    if plan['namespaces'] == 'root':
        syscalls.keep_only_capabilities(_CAPABILITIES)
    syscalls.no_new_privileges()
    os.execvpe(plan['command'][0], plan['command'], plan['environment'])


def _watch(channel, command, wake):
    """Waits for the command's end; passes on what the supervisor sends. Its wait status."""
    poll = select.poll()
    poll.register(wake, select.POLLIN)
    poll.register(channel, select.POLLIN)
    while True:
        for descriptor, _ in poll.poll():
            if descriptor == wake:
                os.read(wake, 4096)
                status = _reap(command)
                if status is not None:
                    return status
            else:
                words = channel.recv(64)
                if not words:
                    raise SystemExit  # the supervisor is gone
                for word in words.decode().split():
                    os.kill(command, signal.SIGTERM if word == 'term' else signal.SIGKILL)


def _reap(command):
    found = None
    while True:
        try:
            process, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return found
        if process == 0:
            return found
        if process == command:
            found = status


def kill_the_rest(isolated):
    """Kills and reaps all other processes of the task, daemons in sessions of their own included."""
    while True:
        if isolated:
            try:
                os.kill(-1, signal.SIGKILL)
            except ProcessLookupError:
                pass
        else:
            for process in descendants(os.getpid()):
                try:
                    os.kill(process, signal.SIGKILL)
                except ProcessLookupError:
                    pass
        try:
            os.waitpid(-1, 0)
        except ChildProcessError:
            return


def descendants(ancestor):
    """Process ids below `ancestor`, from /proc; orphans are below it too, for it is their reaper."""
    children = {}
    for name in os.listdir('/proc'):
        if name.isdigit():
            try:
                with open('/proc/%s/stat' % name, 'rb') as file:
                    parent = int(file.read().rpartition(b')')[2].split()[1])
            except OSError:
                continue  # ended meanwhile
            children.setdefault(parent, []).append(int(name))
    found, wave = [], [ancestor]
    while wave:
        wave = [child for parent in wave for child in children.get(parent, ())]
        found += wave
    return found
