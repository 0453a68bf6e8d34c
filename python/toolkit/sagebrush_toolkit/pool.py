"""The worker processes: started one, then as many as memory allows; replaced when they die."""

from __future__ import annotations

import os
import socket
import time

from .task import ERROR, INFO, WARNING, TaskError, cpu_count, log, signal_text

REQUEST, LAST = b"r", b"l"
READY, BEGUN, KEEP, CLOSE = b"R", b"b", b"k", b"c"
LOAD_FAILED = 3
# What is left to the operating system and to requests when workers are counted by memory.
MEMORY_SHARE = 0.8
MAX_FAILED_LOADS = 3


class Worker:
    """A process and what it is doing. `connection` is the client it answers, if any."""

    def __init__(self, pid: int, control: socket.socket) -> None:
        self.pid = pid
        self.control = control
        self.ready = False
        self.connection: socket.socket | None = None
        self.deadline = 0.0
        self.begun = False
        self.overran = False


class Pool:
    """Starts workers with `argv` and counts how many there should be."""

    def __init__(self, argv: list[str], env: dict[str, str], count: int | None) -> None:
        self._argv = argv
        self._env = env
        self._asked = count
        self._wanted = 1
        self._failed_loads = 0
        self._not_before = 0.0
        self.workers: dict[int, Worker] = {}

    def fill(self) -> list[Worker]:
        """Starts the workers that are missing and returns them; none while a failed load rests."""
        started = []
        while len(self.workers) < self._wanted and time.monotonic() >= self._not_before:
            started.append(self._start())
        return started

    def _start(self) -> Worker:
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        # The child finds its end by number: it is the one descriptor that survives the exec.
        theirs.set_inheritable(True)
        argv = [str(theirs.fileno()) if word == "{control}" else word for word in self._argv]
        try:
            pid = os.posix_spawn(argv[0], argv, self._env)
        except OSError as error:
            raise TaskError(f"cannot start a worker: {argv[0]}: {error.strerror}") from error
        finally:
            theirs.close()
        worker = Worker(pid, ours)
        self.workers[pid] = worker
        return worker

    def loaded(self, worker: Worker) -> None:
        """Notes that a worker serves; after the first, decides how many there shall be."""
        worker.ready = True
        self._failed_loads = 0
        if self._wanted == 1:
            self._wanted = self._asked or affordable(_resident_bytes(worker.pid))
            log(INFO, f"model loaded; serving with {self._wanted} worker{'s' if self._wanted > 1 else ''}")

    def ended(self, worker: Worker, code: int) -> None:
        """Takes a dead worker out. Raises TaskError when nothing can serve: the model does not load."""
        del self.workers[worker.pid]
        worker.control.close()
        how = signal_text(-code) if code < 0 else f"exit code {code}"
        if worker.ready:
            log(WARNING, f"worker {worker.pid} ended ({how}); a new one takes its place")
            return
        self._failed_loads += 1
        others = any(other.ready for other in self.workers.values())
        if not others and (self._wanted == 1 or self._failed_loads >= MAX_FAILED_LOADS):
            raise TaskError(f"the model server did not start: its worker ended while loading the model ({how})")
        if others and self._failed_loads >= MAX_FAILED_LOADS and len(self.workers) < self._wanted:
            self._wanted = len(self.workers)
            log(ERROR, f"further workers do not load ({how}): serving with {self._wanted}")
        self._not_before = time.monotonic() + min(30.0, 0.5 * 2**self._failed_loads)

    @property
    def rests(self) -> bool:
        """True while a worker is missing and waits for its next start."""
        return len(self.workers) < self._wanted


def affordable(bytes_each: int) -> int:
    """Workers that CPUs and free memory allow, when each takes as much as the first."""
    free = _free_bytes()
    cpus = cpu_count()
    if free is None or bytes_each <= 0:
        return cpus
    return max(1, min(cpus, 1 + int(free * MEMORY_SHARE) // bytes_each))


def _resident_bytes(pid: int) -> int:
    try:
        with open(f"/proc/{pid}/statm") as file:
            return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError, IndexError):
        return 0


def _free_bytes() -> int | None:
    """Free memory of the machine, or of the cgroup when that is less."""
    free = None
    try:
        with open("/proc/meminfo") as file:
            for line in file:
                if line.startswith("MemAvailable:"):
                    free = int(line.split()[1]) * 1024
    except (OSError, ValueError):
        pass
    pairs = (("memory.max", "memory.current"), ("memory/memory.limit_in_bytes", "memory/memory.usage_in_bytes"))
    for limit_name, used_name in pairs:
        try:
            with open(f"/sys/fs/cgroup/{limit_name}") as limit, open(f"/sys/fs/cgroup/{used_name}") as used:
                left = int(limit.read()) - int(used.read())
        except (OSError, ValueError):
            continue  # No such cgroup version, or "max".
        free = left if free is None else min(free, left)
    return free
