"""Hands each arriving request to a free worker process, and keeps the workers alive.

It waits on all idle connections and hands one over when its request has arrived. So a slow
prediction never delays requests that another worker could take, `/ping` is answered while all
workers are busy, and a worker that dies or hangs costs its client an error instead of a hang. It
runs no user code and reads no bodies.
"""

from __future__ import annotations

import os
import select
import signal
import socket
import struct
import time
from collections import deque

from . import wire
from .pool import BEGUN, KEEP, LAST, READY, REQUEST, Pool, Worker
from .task import ERROR, INFO, log

PEEK_BYTES = 4096
# A client that starts a request and does not finish it must not hold a worker for ever.
READ_SECONDS, WRITE_SECONDS = 30, 60
CHECK_SECONDS = 0.25
_ONCE = select.EPOLLIN | select.EPOLLRDHUP | select.EPOLLONESHOT


class Dispatcher:
    """One loop over the listener, idle connections and workers. `timeout_s` bounds each request."""

    def __init__(self, listener: socket.socket, pool: Pool, timeout_s: int, grace_s: int) -> None:
        self._listener = listener
        self._pool = pool
        self._timeout_s = timeout_s
        self._grace_s = grace_s
        self._epoll = select.epoll()
        self._connections: dict[int, socket.socket] = {}
        self._by_control: dict[int, Worker] = {}
        self._free: list[Worker] = []
        self._waiting: deque[socket.socket] = deque()
        self._drain_until: float | None = None
        self._wake_read, self._wake_write = os.pipe()

    def run(self) -> int:
        """Serves; returns the exit status."""
        self._watch_signals()
        self._epoll.register(self._listener, select.EPOLLIN)
        self._start_workers()
        while self._drain_until is None or not self._drained():
            busy = len(self._free) < len(self._by_control) or self._pool.rests
            for descriptor, _ in self._epoll.poll(CHECK_SECONDS if busy else None):
                connection = self._connections.get(descriptor)
                if connection is not None:
                    self._arrived(connection)
                elif descriptor in self._by_control:
                    self._reported(self._by_control[descriptor])
                elif descriptor == self._wake_read:
                    self._signalled()
                else:
                    self._accept()
            self._check_deadlines()
            self._start_workers()
        self._end_workers()
        return 0

    def _watch_signals(self) -> None:
        for end in (self._wake_read, self._wake_write):
            os.set_blocking(end, False)
        signal.set_wakeup_fd(self._wake_write, warn_on_full_buffer=False)
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGCHLD):
            signal.signal(number, lambda *_: None)
        self._epoll.register(self._wake_read, select.EPOLLIN)

    def _start_workers(self) -> None:
        if self._drain_until is None:
            for worker in self._pool.fill():
                self._by_control[worker.control.fileno()] = worker
                self._epoll.register(worker.control, select.EPOLLIN)

    def _accept(self) -> None:
        if self._drain_until is not None:
            return
        try:
            while True:
                connection, _ = self._listener.accept()
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, struct.pack("ll", READ_SECONDS, 0))
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, struct.pack("ll", WRITE_SECONDS, 0))
                if connection.family != socket.AF_UNIX:
                    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                self._connections[connection.fileno()] = connection
                self._epoll.register(connection, _ONCE)
        except BlockingIOError:
            pass
        except OSError as error:  # Out of descriptors: those that end make room.
            log(ERROR, f"accept: {error}")
            time.sleep(0.05)

    def _arrived(self, connection: socket.socket) -> None:
        try:
            start = connection.recv(PEEK_BYTES, socket.MSG_PEEK | socket.MSG_DONTWAIT)
        except BlockingIOError:
            self._epoll.modify(connection, _ONCE)
            return
        except OSError:
            start = b""
        if not start:
            self._close(connection)
        elif start.startswith((b"GET /ping", b"HEAD /ping")) and self._ping(connection, start):
            pass
        elif not any(worker.ready for worker in self._by_control.values()):
            self._refuse(connection, 503, "the model is not loaded")
        else:
            self._waiting.append(connection)
            self._hand_out()

    def _ping(self, connection: socket.socket, start: bytes) -> bool:
        """Answers a whole, plain ping. Anything odd about it is a worker's to judge."""
        line, _, rest = start.partition(b"\r\n")
        end = start.find(b"\r\n\r\n")
        if end < 0 or line.split(b" ")[1].partition(b"?")[0] != b"/ping" or b"content-length" in rest.lower():
            return False
        connection.recv(end + 4)
        ready = any(worker.ready for worker in self._by_control.values())
        keep = self._drain_until is None and b"\r\nconnection: close" not in start[:end].lower()
        keep = keep and line.endswith(b"HTTP/1.1")
        answer = wire.head(200 if ready else 503, {"Content-Type": "application/json"}, 0, keep)
        try:
            connection.send(answer, socket.MSG_DONTWAIT)
        except OSError:
            keep = False
        if keep:
            self._epoll.modify(connection, _ONCE)
        else:
            self._close(connection)
        return True

    def _hand_out(self) -> None:
        """Gives waiting requests, the oldest first, to free workers, the one that served last first."""
        message = REQUEST if self._drain_until is None else LAST
        while self._free and self._waiting:
            worker = self._free.pop()
            descriptor = struct.pack("i", self._waiting[0].fileno())
            try:
                worker.control.sendmsg([message], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, descriptor)])
            except OSError:
                continue  # It has just died: SIGCHLD will tell, and the request goes to another.
            worker.connection, worker.begun = self._waiting.popleft(), False
            worker.deadline = time.monotonic() + self._timeout_s

    def _reported(self, worker: Worker) -> None:
        try:
            message = worker.control.recv(8)
        except OSError:
            message = b""
        if message == BEGUN:
            worker.begun = True
            worker.deadline = time.monotonic() + self._timeout_s
            return
        if not message:
            # The process is ending: waitpid says how. Until then there is nothing to read.
            self._epoll.unregister(worker.control)
            return
        if message == READY:
            self._pool.loaded(worker)
        elif worker.connection is not None:
            connection, worker.connection = worker.connection, None
            if message == KEEP and self._drain_until is None:
                self._epoll.modify(connection, _ONCE)
            else:
                self._close(connection)
        self._free.append(worker)
        self._hand_out()

    def _signalled(self) -> None:
        numbers = os.read(self._wake_read, 4096)
        if signal.SIGTERM in numbers or signal.SIGINT in numbers:
            self._drain()
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            worker = self._pool.workers.get(pid)
            if worker:
                self._ended(worker, os.waitstatus_to_exitcode(status))

    def _ended(self, worker: Worker, code: int) -> None:
        self._by_control.pop(worker.control.fileno(), None)
        if worker in self._free:
            self._free.remove(worker)
        connection = worker.connection
        if connection is not None:
            worker.connection = None
            if worker.begun:
                self._close(connection)  # Mid-answer: only the missing end can tell the client.
            elif worker.overran:
                self._refuse(connection, 504, f"no answer within SAGEMAKER_MODEL_SERVER_TIMEOUT ({self._timeout_s} s)")
            else:
                self._refuse(connection, 500, "the worker process died while it answered this request")
        self._pool.ended(worker, code)

    def _check_deadlines(self) -> None:
        now = time.monotonic()
        for worker in self._by_control.values():
            if worker.connection is not None and now > worker.deadline and not worker.overran:
                log(ERROR, f"worker {worker.pid} gave no answer within {self._timeout_s} s: killed and replaced")
                worker.overran = True
                os.kill(worker.pid, signal.SIGKILL)

    def _refuse(self, connection: socket.socket, status: int, message: str) -> None:
        try:
            # What has arrived must be read, or closing would reset the connection before it is answered.
            connection.recv(1 << 20, socket.MSG_DONTWAIT)
        except OSError:
            pass
        try:
            connection.send(wire.plain(status, message), socket.MSG_DONTWAIT)
        except OSError:
            pass
        self._close(connection)

    def _close(self, connection: socket.socket) -> None:
        self._connections.pop(connection.fileno(), None)
        connection.close()  # Which also takes it out of epoll: no worker holds it now.

    def _drain(self) -> None:
        """Takes no new connections; what has been asked is answered; idle connections end."""
        if self._drain_until is not None:
            return
        log(INFO, "SIGTERM: finishing the requests in flight")
        self._accept()
        self._epoll.unregister(self._listener)
        path = self._listener.getsockname() if self._listener.family == socket.AF_UNIX else None
        self._listener.close()
        if path and os.path.exists(path):
            os.unlink(path)
        for descriptor, _ in self._epoll.poll(0):
            if descriptor in self._connections:
                self._arrived(self._connections[descriptor])
        self._drain_until = time.monotonic() + self._grace_s
        at_work = {worker.connection for worker in self._by_control.values()} | set(self._waiting)
        for connection in list(self._connections.values()):
            if connection not in at_work:
                self._close(connection)

    def _drained(self) -> bool:
        at_work = [worker for worker in self._by_control.values() if worker.connection is not None]
        if not at_work and not self._waiting:
            return True
        if time.monotonic() > (self._drain_until or 0):
            log(ERROR, f"{len(at_work) + len(self._waiting)} requests not finished in {self._grace_s} s")
            return True
        return False

    def _end_workers(self) -> None:
        """Closing the control socket ends an idle worker by itself; the rest are killed."""
        for worker in self._pool.workers.values():
            worker.control.close()
        end = time.monotonic() + 1
        left = set(self._pool.workers)
        while left:
            for pid in list(left):
                if time.monotonic() > end:
                    os.kill(pid, signal.SIGKILL)
                if os.waitpid(pid, 0 if time.monotonic() > end else os.WNOHANG)[0]:
                    left.discard(pid)
            time.sleep(0.005)
