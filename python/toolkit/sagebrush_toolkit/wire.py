"""HTTP/1.1 on a connected descriptor: reads whole requests, writes whole or streamed responses."""

from __future__ import annotations

import os

HEADER_LIMIT = 64 * 1024
READ_BYTES = 64 * 1024
REASONS = {
    200: "OK", 400: "Bad Request", 404: "Not Found", 405: "Method Not Allowed", 406: "Not Acceptable",
    408: "Request Timeout", 413: "Content Too Large", 415: "Unsupported Media Type",
    417: "Expectation Failed", 431: "Request Header Fields Too Large", 500: "Internal Server Error",
    501: "Not Implemented", 503: "Service Unavailable", 504: "Gateway Timeout",
    505: "HTTP Version Not Supported",
}  # fmt: skip


class WireError(Exception):
    """A request that cannot be read further; answered with `status`, then the connection closes."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


class Closed(Exception):
    """The peer is gone, or came with nothing: there is nobody to answer."""


class Request:
    """One request. Header names are lower case; a repeated header's values are joined by commas."""

    __slots__ = ("body", "headers", "keep_alive", "method", "path", "streamable")

    def __init__(self, method: str, path: str, headers: dict[str, str], version: bytes) -> None:
        self.method = method
        self.path = path.partition("?")[0]
        self.headers = headers
        self.body = b""
        self.streamable = version == b"HTTP/1.1"
        connection = headers.get("connection", "").lower()
        self.keep_alive = "close" not in connection if self.streamable else "keep-alive" in connection


class Reader:
    """Reads requests from one descriptor; keeps what came too early for the next one."""

    def __init__(self, descriptor: int, body_limit: int) -> None:
        self._descriptor = descriptor
        self._limit = body_limit
        self.buffer = b""

    def _more(self) -> bytes:
        try:
            return os.read(self._descriptor, READ_BYTES)
        except BlockingIOError:
            raise WireError(408, "the request did not arrive in time") from None
        except OSError:
            raise Closed from None

    def _need(self) -> None:
        data = self._more()
        if not data:
            raise WireError(400, "the request ended too early")
        self.buffer += data

    def read(self) -> Request:
        """The next request, body and all. Raises WireError or Closed."""
        data = self.buffer or self._more()
        while (end := data.find(b"\r\n\r\n")) < 0:
            if len(data) > HEADER_LIMIT:
                raise WireError(431, f"the request's headers exceed {HEADER_LIMIT} bytes")
            more = self._more()
            if not more:
                if data.strip():
                    raise WireError(400, "the request ended inside its headers")
                raise Closed
            data += more
        if end > HEADER_LIMIT:
            raise WireError(431, f"the request's headers exceed {HEADER_LIMIT} bytes")
        request = _parse(data[:end])
        self.buffer = data[end + 4 :]
        self._read_body(request)
        return request

    def _read_body(self, request: Request) -> None:
        headers = request.headers
        coding = headers.get("transfer-encoding")
        length = headers.get("content-length")
        if coding is None and length is None:
            return
        if coding is not None:
            if length is not None:
                raise WireError(400, "both Content-Length and Transfer-Encoding")
            if coding.strip().lower() != "chunked":
                raise WireError(501, f"Transfer-Encoding {coding} is not supported")
        # int() would take "+5", "1_0" and digits of other scripts, which a proxy before us reads otherwise.
        elif not (length.isascii() and length.isdigit()):
            raise WireError(400, f"Content-Length {length!r} is not a number")
        elif int(length) > self._limit:
            raise WireError(413, f"a body of {length} bytes exceeds the limit of {self._limit}")
        expect = headers.get("expect")
        if expect is not None:
            if expect.lower() != "100-continue":
                raise WireError(417, f"Expect: {expect} is not supported")
            if not self.buffer:
                write(self._descriptor, b"HTTP/1.1 100 Continue\r\n\r\n")
        request.body = self._exactly(int(length)) if coding is None else self._chunked()

    def _exactly(self, count: int) -> bytes:
        have = self.buffer
        if len(have) >= count:
            self.buffer = have[count:]
            return have if len(have) == count else have[:count]
        parts, got = [have], len(have)
        self.buffer = b""
        while got < count:
            data = self._more()
            if not data:
                raise WireError(400, f"the body ended after {got} of {count} bytes")
            parts.append(data)
            got += len(data)
        body = b"".join(parts)
        self.buffer = body[count:]
        return body[:count] if self.buffer else body

    def _line(self) -> bytes:
        while (end := self.buffer.find(b"\r\n")) < 0:
            if len(self.buffer) > 8192:
                raise WireError(400, "a chunk's line is too long")
            self._need()
        line, self.buffer = self.buffer[:end], self.buffer[end + 2 :]
        return line

    def _chunked(self) -> bytes:
        parts, got = [], 0
        while True:
            size = self._line().partition(b";")[0].strip()
            if not size or len(size) > 15 or size.strip(b"0123456789abcdefABCDEF"):
                raise WireError(400, f"chunk size {size[:40]!r} is not a number")
            count = int(size, 16)
            got += count
            if got > self._limit:
                raise WireError(413, f"the body exceeds the limit of {self._limit} bytes")
            if count == 0:
                while self._line():  # Trailers say nothing that we need.
                    pass
                return b"".join(parts)
            parts.append(self._exactly(count))
            if self._line():
                raise WireError(400, "a chunk does not end where its size says")


def _parse(head: bytes) -> Request:
    lines = head.lstrip(b"\r\n").split(b"\r\n")
    first = lines[0].split(b" ")
    if len(first) != 3 or not first[2].startswith(b"HTTP/"):
        raise WireError(400, "the request line is not 'METHOD PATH HTTP/1.1'")
    if first[2] not in (b"HTTP/1.1", b"HTTP/1.0"):
        raise WireError(505, f"{first[2].decode('latin-1')} is not supported")
    headers: dict[str, str] = {}
    for line in lines[1:]:
        name, colon, value = line.partition(b":")
        if not colon or not name or name != name.strip():
            raise WireError(400, f"header line {line[:80].decode('latin-1')!r} cannot be read")
        key, text = name.decode("latin-1").lower(), value.strip().decode("latin-1")
        if key not in headers:
            headers[key] = text
        elif key == "content-length":
            raise WireError(400, "Content-Length is there twice")
        else:
            headers[key] += ", " + text
    return Request(first[0].decode("latin-1"), first[1].decode("latin-1"), headers, first[2])


def head(status: int, headers: dict[str, str], length: int | None, keep_alive: bool, reason: str = "") -> bytes:
    """A response's head; `length` None means chunked. A header cannot smuggle in a line of its own."""
    lines = [f"HTTP/1.1 {status} {reason or REASONS.get(status, 'Status')}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    lines.append("Transfer-Encoding: chunked" if length is None else f"Content-Length: {length}")
    if not keep_alive:
        lines.append("Connection: close")
    text = "\r\n".join(line.replace("\r", " ").replace("\n", " ") if _breaks(line) else line for line in lines)
    return text.encode("latin-1", "replace") + b"\r\n\r\n"


def _breaks(line: str) -> bool:
    return "\n" in line or "\r" in line


def plain(status: int, message: str, keep_alive: bool = False) -> bytes:
    """A whole response of one line of text."""
    body = (message + "\n").encode() if message else b""
    return head(status, {"Content-Type": "text/plain; charset=utf-8"}, len(body), keep_alive) + body


def write(descriptor: int, data: bytes) -> None:
    """Writes all of `data`; raises Closed when the peer is gone or takes nothing any more."""
    try:
        sent = os.write(descriptor, data)
        while sent < len(data):
            data = memoryview(data)[sent:]
            sent = os.write(descriptor, data)
    except OSError:
        raise Closed from None
