"""One serving process: the only place where the user's serving code runs.

The dispatcher (serve.py) hands over a client's connection when a request has arrived on it; the
worker reads, answers and reports. Messages are single bytes on a SEQPACKET socket pair:
dispatcher → worker REQUEST or LAST, with the connection's descriptor; worker → dispatcher READY
once, BEGUN when an answer has started that is longer than one write, KEEP or CLOSE at its end.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import sys
import traceback

from . import wire
from .handler import Handler, Response, _error_response, part
from .pool import BEGUN, CLOSE, KEEP, LAST, LOAD_FAILED, READY
from .task import Layout, TaskError

# An answer up to this size fits the socket's buffer, so that writing it never waits for the client.
SMALL_BYTES = 64 * 1024
DEFAULT_BODY_LIMIT_MB = 1024


def main() -> None:
    """Loads the model, says READY, serves until the dispatcher is gone."""
    descriptor, program, folders = int(sys.argv[1]), sys.argv[2], sys.argv[3:]
    control = socket.socket(fileno=descriptor)
    control.set_inheritable(False)
    # The dispatcher decides when we end: a SIGTERM to the whole group must not cut answers short.
    # A handler, unlike SIG_IGN, is not inherited by programs that the user's code starts.
    signal.signal(signal.SIGTERM, lambda *_: None)
    signal.signal(signal.SIGINT, lambda *_: None)
    try:
        handler = Handler(Layout(), program, folders)
    except TaskError as error:
        _end(f"model server: {error}")
    except BaseException:
        _end(f"model server: the model did not load\n{traceback.format_exc()}")
    try:
        control.send(READY)
    except OSError:
        os._exit(0)  # The dispatcher ended while the model was loading.
    Worker(control, handler).serve()


def _end(message: str) -> None:
    sys.stdout.flush()
    os.write(2, (message + "\n").encode("utf-8", "replace"))
    os._exit(LOAD_FAILED)


class Worker:
    """Serves connections one at a time."""

    def __init__(self, control: socket.socket, handler: Handler) -> None:
        self._control = control
        self._handler = handler
        limit = os.environ.get("SAGEMAKER_MAX_PAYLOAD_IN_MB") or str(DEFAULT_BODY_LIMIT_MB)
        self._body_limit = (int(limit) if limit.isdigit() else DEFAULT_BODY_LIMIT_MB) << 20

    def serve(self) -> None:
        """Answers requests until the dispatcher closes its end."""
        space = socket.CMSG_SPACE(4)
        while True:
            try:
                message, ancillary, _, _ = self._control.recvmsg(8, space)
            except OSError:
                message = b""
            if not message:
                os._exit(0)  # Threads of the user's code must not hold the process.
            descriptor = int.from_bytes(ancillary[0][2][:4], sys.byteorder)
            try:
                keep = self._connection(descriptor, message != LAST)
            finally:
                os.close(descriptor)
            try:
                self._control.send(KEEP if keep else CLOSE)
            except OSError:
                os._exit(0)

    def _connection(self, descriptor: int, may_keep: bool) -> bool:
        """Answers what is on the connection; True when another request may follow on it."""
        reader = wire.Reader(descriptor, self._body_limit)
        while True:
            try:
                request = reader.read()
                keep = may_keep and request.keep_alive
                keep = self._answer(descriptor, request, keep) and keep
            except wire.WireError as error:
                try:
                    wire.write(descriptor, wire.plain(error.status, str(error)))
                except wire.Closed:
                    pass
                return False
            except wire.Closed:
                return False
            if not keep or not reader.buffer:  # Else the client has sent its next one already.
                return keep

    def _answer(self, descriptor: int, request: wire.Request, keep: bool) -> bool:
        response = self._route(request)
        body = response.body
        if isinstance(body, bytes):
            start = wire.head(response.status, response.headers, len(body), keep, response.reason)
            if request.method == "HEAD":
                body = b""
            if len(body) > SMALL_BYTES:
                self._control.send(BEGUN)
            wire.write(descriptor, start + body)
            return True
        return self._stream(descriptor, request, response, keep)

    def _stream(self, descriptor: int, request: wire.Request, response: Response, keep: bool) -> bool:
        """Sends each part as it comes. What fails half-way ends the connection: no last chunk."""
        parts = iter(response.body)
        try:
            # The first part may still turn the answer into an error with a status of its own.
            first = part(next(parts, b""))
        except Exception as error:
            traceback.print_exc()
            failed = _error_response(error)
            wire.write(descriptor, wire.head(failed.status, failed.headers, len(failed.body), keep) + failed.body)
            return True
        chunked = request.streamable
        start = wire.head(response.status, response.headers, None, keep, response.reason)
        if not chunked:
            start = start.replace(b"Transfer-Encoding: chunked\r\n", b"")
        try:
            data = start + _chunk(first, chunked)
            while True:
                self._control.send(BEGUN)
                wire.write(descriptor, data)
                following = next(parts, None)
                if following is None:
                    break
                data = _chunk(part(following), chunked)
            if chunked:
                wire.write(descriptor, b"0\r\n\r\n")
            return chunked
        except wire.Closed:
            raise
        except Exception:
            traceback.print_exc()
            return False
        finally:
            close = getattr(response.body, "close", None)
            if close:
                close()

    def _route(self, request: wire.Request) -> Response:
        path, method = request.path, request.method
        if path == "/invocations":
            return self._handler.invoke(request) if method == "POST" else _not_allowed(method, path, "POST")
        if path == "/ping":
            return (
                Response(200, b"", "application/json")
                if method in ("GET", "HEAD")
                else _not_allowed(method, path, "GET, HEAD")
            )
        if path == "/execution-parameters" and self._handler.execution_parameters_fn:
            if method != "GET":
                return _not_allowed(method, path, "GET")
            try:
                value = self._handler.execution_parameters_fn()
                body = value if isinstance(value, str) else json.dumps(value)
                return Response(200, body.encode(), "application/json")
            except Exception as error:
                traceback.print_exc()
                return _error_response(error)
        return Response(404, f"no such path: {path}\n".encode(), "text/plain; charset=utf-8")


def _not_allowed(method: str, path: str, allowed: str) -> Response:
    response = Response(405, f"{path} takes {allowed}, not {method}\n".encode(), "text/plain; charset=utf-8")
    response.headers["Allow"] = allowed
    return response


def _chunk(data: bytes, chunked: bool) -> bytes:
    # An empty chunk would end the body.
    if not chunked or not data:
        return data
    return b"%x\r\n%b\r\n" % (len(data), data)
