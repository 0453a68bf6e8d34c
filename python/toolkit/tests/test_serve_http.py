"""The wire: what any HTTP client may do to the managed web server."""

from __future__ import annotations

import json
import socket
import time

import pytest
from conftest import wait_until

ECHO = """
import json, os
def model_fn(model_dir):
    return 'model'
def input_fn(body, content_type):
    return body
def predict_fn(data, model):
    return data
def output_fn(prediction, accept):
    return json.dumps([type(prediction).__name__, len(prediction), prediction[:20] if isinstance(prediction, str) else prediction[:20].hex()])
"""


def raw(server, data: bytes, until: bytes = b"") -> bytes:
    """Sends bytes and reads until `until`, or until the server closes."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as connection:
        connection.sendall(data)
        answer = b""
        while not until or until not in answer:
            part = connection.recv(65536)
            if not part:
                break
            answer += part
        return answer


def test_keep_alive_serves_many_requests_on_one_connection(serve):
    server = serve(ECHO)
    connection = server.connect()
    connection.connect()
    used = connection.sock
    for size in (0, 1, 70_000, 3_000_000):
        status, _, body = server.request("POST", "/invocations", b"x" * size, {"Content-Type": "a/b"}, connection)
        assert (status, json.loads(body)[:2]) == (200, ["bytes", size])
        status, headers, body = server.request("GET", "/ping", connection=connection)
        assert (status, body) == (200, b"") and headers["Connection"] is None
    assert connection.sock is used


def test_chunked_request_body(serve):
    server = serve(ECHO)
    parts = [b"hello ", b"w" * 100_000, b"!"]
    connection = server.connect()
    connection.request("POST", "/invocations", iter(parts), {"content-TYPE": "text/csv"}, encode_chunked=True)
    assert json.loads(connection.getresponse().read()) == ["str", 100_007, "hello " + "w" * 14]
    chunks = b"5;name=value\r\nhello\r\n0\r\nTrailer: x\r\n\r\n"
    answer = raw(
        server,
        b"POST /invocations HTTP/1.1\r\nHost: x\r\nConnection: close\r\nTRANSFER-ENCODING: Chunked\r\nContent-Type: a/b\r\n\r\n"
        + chunks,
    )
    assert answer.startswith(b"HTTP/1.1 200 OK\r\n") and b'["bytes", 5' in answer


def test_expect_100_continue(serve):
    server = serve(ECHO)
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as connection:
        connection.sendall(
            b"POST /invocations HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Type: text/csv\r\nContent-Length: 5\r\n\r\n"
        )
        assert connection.recv(1000) == b"HTTP/1.1 100 Continue\r\n\r\n"
        connection.sendall(b"1,2,3")
        assert b'["str", 5, "1,2,3"]' in connection.recv(1000)


def test_pipelined_requests_are_answered_in_order(serve):
    server = serve(ECHO)
    one = b"POST /invocations HTTP/1.1\r\nHost: x\r\nContent-Type: text/csv\r\nContent-Length: %d\r\n\r\n%b"
    last = b"GET /ping HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    answer = raw(server, one % (1, b"a") + one % (2, b"bb") + last)
    assert answer.count(b"HTTP/1.1 200 OK") == 3
    assert answer.index(b'["str", 1, "a"]') < answer.index(b'["str", 2, "bb"]')


def test_a_request_that_comes_byte_by_byte(serve):
    server = serve(ECHO)
    text = b"POST /invocations HTTP/1.1\r\nContent-Type: text/csv\r\nContent-Length: 3\r\nConnection: close\r\n\r\nabc"
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for index in range(len(text)):
            connection.sendall(text[index : index + 1])
        answer = b""
        while part := connection.recv(1000):
            answer += part
    assert b'["str", 3, "abc"]' in answer


@pytest.mark.parametrize(
    ("request_bytes", "status"),
    [
        (b"GET /nothing HTTP/1.1\r\nConnection: close\r\n\r\n", 404),
        (b"GET /invocations HTTP/1.1\r\nConnection: close\r\n\r\n", 405),
        (b"HEAD /invocations HTTP/1.1\r\nConnection: close\r\n\r\n", 405),
        (b"POST /ping HTTP/1.1\r\nConnection: close\r\nContent-Length: 0\r\n\r\n", 405),
        (b"HEAD /ping HTTP/1.1\r\nConnection: close\r\n\r\n", 200),
        (b"GET /ping?deep=1 HTTP/1.1\r\nConnection: close\r\n\r\n", 200),
        (b"GET /pingpong HTTP/1.1\r\nConnection: close\r\n\r\n", 404),
        (b"GET /execution-parameters HTTP/1.1\r\nConnection: close\r\n\r\n", 404),
        (b"GET /ping HTTP/1.0\r\n\r\n", 200),
        (b"GET /x HTTP/2.0\r\n\r\n", 505),
        (b"hello\r\n\r\n", 400),
        (b"GET /x HTTP/1.1\r\nBad Header: 1\r\nno colon\r\n\r\n", 400),
        (b"GET /x HTTP/1.1\r\nName : 1\r\n\r\n", 400),
        (b"GET /x HTTP/1.1\r\nA: 1\r\n folded\r\n\r\n", 400),
        (b"POST /invocations HTTP/1.1\r\nContent-Length: +5\r\n\r\nhello", 400),
        (b"POST /invocations HTTP/1.1\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello", 400),
        (b"POST /invocations HTTP/1.1\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\nhello", 400),
        (b"POST /invocations HTTP/1.1\r\nTransfer-Encoding: gzip\r\n\r\n", 501),
        (b"POST /invocations HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", 400),
        (b"POST /invocations HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nabc\r\n0\r\n\r\n", 400),
        (b"POST /invocations HTTP/1.1\r\nExpect: magic\r\nContent-Length: 1\r\n\r\n", 417),
        (b"POST /invocations HTTP/1.1\r\nContent-Length: 99999999999\r\n\r\n", 413),
        (b"GET /x HTTP/1.1\r\nA: " + b"x" * 70_000 + b"\r\n\r\n", 431),
    ],
)
def test_answers_of_the_wire(serve, request_bytes, status):
    server = serve(ECHO)
    answer = raw(server, request_bytes)
    head, _, body = answer.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 %d " % status), answer
    if request_bytes.startswith(b"HEAD"):
        assert body == b""
    elif status == 405:
        assert b"\r\nAllow: " in head
    assert server.ping() == 200


def test_limit_of_the_body_is_configurable(serve):
    server = serve(ECHO, SAGEMAKER_MAX_PAYLOAD_IN_MB="1")
    assert server.invoke(b"x" * (1 << 20))[0] == 200
    answer = raw(server, b"POST /invocations HTTP/1.1\r\nContent-Length: 1048577\r\n\r\n")
    assert b"413 Content Too Large" in answer and b"exceeds the limit of 1048576" in answer


STREAM = """
import time
def model_fn(model_dir):
    return None
def transform_fn(model, body, content_type, accept):
    def parts():
        yield 'first\\n'
        open(body, 'w').close()  # Tells that the second part is asked for.
        while len(open(body).read()) == 0:
            time.sleep(0.01)
        yield b'second\\n'
        yield ''
        yield {'third': 3}
        if 'fail' in content_type:
            raise RuntimeError('broken in the middle')
    return parts(), 'text/event-stream'
"""


def test_streamed_answer_arrives_part_by_part(serve, tmp_path):
    server = serve(STREAM)
    gate = tmp_path / "gate"
    connection = server.connect()
    connection.request("POST", "/invocations", str(gate), {"Content-Type": "text/csv"})
    response = connection.getresponse()
    assert response.headers["Transfer-Encoding"] == "chunked"
    assert response.headers["Content-Type"] == "text/event-stream"
    assert response.readline() == b"first\n"  # The second part is not made yet: it waits for the gate.
    wait_until(gate.exists, "the second part is asked for")
    gate.write_text("go")
    assert response.read() == b'second\n{"third": 3}\n'
    status, _, _ = server.request("GET", "/ping", connection=connection)
    assert status == 200


def test_stream_that_fails_has_no_proper_end(serve, tmp_path):
    server = serve(STREAM)
    gate = tmp_path / "gate"
    gate.write_text("go")
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as connection:
        body = str(gate).encode()
        connection.sendall(
            b"POST /invocations HTTP/1.1\r\nContent-Type: text/csv;fail\r\nContent-Length: %d\r\n\r\n%b"
            % (len(body), body)
        )
        answer = b""
        while b"first" not in answer:
            answer += connection.recv(1000)
        wait_until(lambda: gate.read_text() == "", "the second part is asked for")
        gate.write_text("go")
        while part := connection.recv(1000):
            answer += part
    assert b"third" in answer and not answer.endswith(b"0\r\n\r\n")
    assert "RuntimeError: broken in the middle" in server.log
    assert server.ping() == 200


def test_stream_to_an_old_client_ends_with_the_connection(serve, tmp_path):
    server = serve(STREAM.replace("time.sleep(0.01)", "break"))
    body = str(tmp_path / "gate").encode()
    answer = raw(
        server,
        b"POST /invocations HTTP/1.0\r\nContent-Type: text/csv\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body),
    )
    head, _, content = answer.partition(b"\r\n\r\n")
    assert b"Transfer-Encoding" not in head and content == b'first\nsecond\n{"third": 3}\n'


def test_unix_socket(serve, task, tmp_path):
    path = str(tmp_path / "serve.sock")
    server = serve(ECHO, ready=False, SAGEBRUSH_BIND_TO_SOCKET=path)

    def ask(data: bytes) -> bytes:
        try:
            with socket.socket(socket.AF_UNIX) as connection:
                connection.connect(path)
                connection.sendall(data)
                return connection.recv(65536)
        except OSError:
            return b""

    wait_until(lambda: b" 200 " in ask(b"GET /ping HTTP/1.1\r\n\r\n"), "ready on the socket")
    answer = ask(b"POST /invocations HTTP/1.1\r\nContent-Type: text/csv\r\nContent-Length: 2\r\n\r\nhi")
    assert b'["str", 2, "hi"]' in answer
    assert server.ping() is None  # No port is opened beside it.
    assert server.stop() == 0
    assert not (tmp_path / "serve.sock").exists()


def test_port_in_use_is_told(serve):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        server = serve(ECHO, ready=False, SAGEMAKER_BIND_TO_PORT=str(taken.getsockname()[1]))
        assert server.process.wait(10) == 1
    assert "cannot listen on 127.0.0.1:" in server.log and "Address already in use" in server.log


def test_idle_connections_do_not_hold_workers(serve):
    server = serve(ECHO)
    idle = [socket.create_connection(("127.0.0.1", server.port)) for _ in range(50)]
    start = time.monotonic()
    assert server.invoke("1")[0] == 200 and time.monotonic() - start < 2
    for connection in idle:
        connection.close()
    assert server.invoke("1")[0] == 200
