"""Runs one program as the task: output passed on live, its last lines kept, signals handed down."""

from __future__ import annotations

import errno
import os
import select
import signal
import time

from .task import TaskError

if False:  # Types only: `typing` would be one more import before the user's script.
    from collections.abc import Callable

TAIL_BYTES = 16 * 1024
READ_BYTES = 1 << 18
# A background child may hold the output open after the program has ended: in a container it would
# die with it, so its silence is not waited for longer than this.
LINGER_SECONDS = 0.2
LINGER_LIMIT_SECONDS = 2.0
_F_SETPIPE_SZ = 1031
# Dispositions that a program expects at their default and that our parent or Python may have changed.
_RESET = ("SIGPIPE", "SIGXFSZ", "SIGTERM", "SIGINT", "SIGHUP", "SIGQUIT", "SIGUSR1", "SIGUSR2", "SIGCHLD")
_FORWARDED = (signal.SIGTERM, signal.SIGINT)


class Ended:
    """How a program ended. `code` is negative for a signal, as in `subprocess`."""

    def __init__(self, code: int, tail: str, stop_signal: int | None) -> None:
        self.code = code
        self.tail = tail
        self.stop_signal = stop_signal

    @property
    def exit_status(self) -> int:
        return self.code if self.code >= 0 else 128 - self.code


def exit_when_stopped() -> None:
    """Lets SIGTERM end the toolkit while no program runs: process 1 of a container has no default for it."""
    for number in _FORWARDED:
        signal.signal(number, lambda number, _: os._exit(128 + number))


def run(argv: list[str], cwd: str, env: dict[str, str], signal_descendants: bool = False) -> Ended:
    """Runs `argv` to its end. A shell does not hand signals on, so for one `signal_descendants`."""
    outputs = _Outputs()
    wake_read, wake_write = os.pipe()
    os.set_blocking(wake_write, False)
    os.set_blocking(wake_read, False)
    state: dict[str, int] = {}

    def forward(number: int, _frame: object) -> None:
        state["signal"] = number
        if "pid" in state:
            _send(state["pid"], number, signal_descendants)

    previous = {number: signal.signal(number, forward) for number in _FORWARDED}
    previous[signal.SIGCHLD] = signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.set_wakeup_fd(wake_write, warn_on_full_buffer=False)
    try:
        os.chdir(cwd)
        state["pid"] = pid = _spawn(argv, env, outputs)
        if "signal" in state:  # It came while the program was being started.
            _send(pid, state["signal"], signal_descendants)
        # A shell that a signal has ended leaves its children to finish theirs: their silence is the end.
        code = outputs.pump(pid, wake_read, lambda: signal_descendants and "signal" in state)
    finally:
        signal.set_wakeup_fd(-1)
        for number, handler in previous.items():
            signal.signal(number, handler)
        for descriptor in (wake_read, wake_write):
            os.close(descriptor)
        outputs.close()
    return Ended(code, outputs.tail.decode("utf-8", "replace"), state.get("signal"))


def _spawn(argv: list[str], env: dict[str, str], outputs: _Outputs) -> int:
    actions = [(os.POSIX_SPAWN_DUP2, source, target) for target, source in outputs.writers.items()]
    reset = [getattr(signal, name) for name in _RESET]
    try:
        return os.posix_spawn(argv[0], argv, env, file_actions=actions, setsigdef=reset, setsigmask=[])
    except OSError as error:
        hint = ""
        if error.errno == errno.E2BIG:
            hint = ": the hyperparameters and variables together exceed what the kernel takes"
        raise TaskError(f"cannot start {argv[0]}: {error.strerror}{hint}") from error
    finally:
        outputs.close_writers()


def _send(pid: int, number: int, descendants: bool) -> None:
    for target in [pid, *(_descendants(pid) if descendants else [])]:
        try:
            os.kill(target, number)
        except ProcessLookupError:
            pass


def _descendants(root: int) -> list[int]:
    children: dict[int, list[int]] = {}
    for name in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{name}/stat", "rb") as file:
                parent = int(file.read().rpartition(b")")[2].split()[1])
        except (OSError, IndexError, ValueError):
            continue  # It ended while we looked.
        children.setdefault(parent, []).append(int(name))
    found, open_list = [], [root]
    while open_list:
        below = children.get(open_list.pop(), [])
        found += below
        open_list += below
    return found


class _Outputs:
    """One pipe when our stdout and stderr are the same file, so that order is exact; else two."""

    def __init__(self) -> None:
        self.tail = bytearray()
        self._targets: dict[int, int] = {}
        self.writers: dict[int, int] = {}
        first = self._pipe(1)
        self.writers = {1: first, 2: first if _same_file(1, 2) else self._pipe(2)}

    def _pipe(self, target: int) -> int:
        reader, writer = os.pipe()
        try:
            import fcntl

            fcntl.fcntl(writer, _F_SETPIPE_SZ, 1 << 20)
        except (ImportError, OSError):
            pass  # A small pipe is only slower.
        self._targets[reader] = target
        return writer

    def close_writers(self) -> None:
        for writer in set(self.writers.values()):
            os.close(writer)
        self.writers = {}

    def close(self) -> None:
        self.close_writers()
        for reader in self._targets:
            os.close(reader)
        self._targets = {}

    def pump(self, pid: int, wake: int, is_patient: Callable[[], bool]) -> int:
        """Passes output on until the program has ended and said its last; returns its code."""
        poll = select.poll()
        for descriptor in (wake, *self._targets):
            poll.register(descriptor, select.POLLIN)
        live, code, end = set(self._targets), None, 0.0
        while live or code is None:
            lingers = code is not None and not is_patient()
            ready = poll.poll(LINGER_SECONDS * 1000 if lingers else None)
            if lingers and (not ready or time.monotonic() > end):
                break
            for descriptor, _ in ready:
                if descriptor == wake:
                    _drain(wake)
                elif not self._pass_on(descriptor):
                    poll.unregister(descriptor)
                    live.discard(descriptor)
            if code is None and (code := _reap(pid)) is not None:
                # What the program itself wrote is in the pipes now; it is passed on however slow our reader.
                for reader in live:
                    waiting = _readable_bytes(reader)
                    while waiting > 0:
                        waiting -= self._pass_on(reader)
                end = time.monotonic() + LINGER_LIMIT_SECONDS
        return code

    def _pass_on(self, reader: int) -> int:
        """Passes on what one read gives; returns its size, 0 at the end."""
        data = os.read(reader, READ_BYTES)
        if not data:
            return 0
        write_all(self._targets[reader], data)
        self.tail += data[-TAIL_BYTES:]
        if len(self.tail) > 2 * TAIL_BYTES:
            del self.tail[:-TAIL_BYTES]
        return len(data)


def _readable_bytes(descriptor: int) -> int:
    import array
    import fcntl
    import termios

    count = array.array("i", [0])
    fcntl.ioctl(descriptor, termios.FIONREAD, count)
    return count[0]


def _reap(pid: int) -> int | None:
    """The program's code if it has ended. As process 1 of a container, reaps strangers too."""
    code = None
    while True:
        try:
            ended, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return code
        if ended == 0:
            return code
        if ended == pid:
            code = os.waitstatus_to_exitcode(status)


def write_all(descriptor: int, data: bytes) -> None:
    """Writes everything; a reader that is gone is no reason to end the task."""
    view = memoryview(data)
    while view:
        try:
            view = view[os.write(descriptor, view) :]
        except BlockingIOError:
            select.select([], [descriptor], [])
        except OSError:
            return


def _drain(descriptor: int) -> None:
    try:
        while os.read(descriptor, 4096):
            pass
    except BlockingIOError:
        pass


def _same_file(first: int, second: int) -> bool:
    try:
        a, b = os.fstat(first), os.fstat(second)
    except OSError:
        return False
    return (a.st_dev, a.st_ino) == (b.st_dev, b.st_ino)
