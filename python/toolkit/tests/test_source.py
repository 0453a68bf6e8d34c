"""Where code comes from: folders, archives, S3; and archives that reach out of their folder."""

from __future__ import annotations

import http.server
import io
import os
import subprocess
import tarfile
import threading

import pytest


def archive(path, members) -> str:
    """A .tar.gz of (name, content | TarInfo changes)."""
    with tarfile.open(path, "w:gz") as tar:
        for name, content in members:
            info = tarfile.TarInfo(name)
            if isinstance(content, str):
                info.size, info.mode = len(content), 0o755 if name.endswith(".sh") else 0o644
                tar.addfile(info, io.BytesIO(content.encode()))
            else:
                for key, value in content.items():
                    setattr(info, key, value)
                tar.addfile(info)
    return str(path)


GOOD = [
    ("pkg", {"type": tarfile.DIRTYPE, "mode": 0o755}),
    ("./pkg/__init__.py", "NAME = 'bundle'"),
    (
        "train.py",
        "import pkg, os\nprint(pkg.NAME, open('alias.txt').read(), open('hard.txt').read(), os.access('run.sh', os.X_OK))",
    ),
    ("pkg/data.txt", "data"),
    ("alias.txt", {"type": tarfile.SYMTYPE, "linkname": "pkg/data.txt"}),
    ("hard.txt", {"type": tarfile.LNKTYPE, "linkname": "pkg/data.txt"}),
    ("run.sh", "true"),
]
PRINTED = "bundle data data True\n"


def submit(task, uri: str) -> None:
    task.configure({"sagemaker_program": "train.py", "sagemaker_submit_directory": f'"{uri}"'})


@pytest.mark.parametrize("how", ["path", "file-uri", "staged", "folder", "opt-ml", "staged-opt-ml"])
def test_code_arrives_from(task, tmp_path, how):
    path = archive(tmp_path / "sourcedir.tar.gz", GOOD)
    if how == "folder":
        (tmp_path / "folder").mkdir()
        subprocess.run(["tar", "-xzf", path, "-C", tmp_path / "folder"], check=True)
        path = str(tmp_path / "folder")
    if how == "staged":
        task.env["SAGEBRUSH_SUBMIT_ARCHIVE"] = path
        path = "s3://bucket/job/sourcedir.tar.gz"
    if how.endswith("opt-ml"):
        # The engine and the request say /opt/ml, wherever the task's folder is.
        (task.root / "input/sent").mkdir(parents=True)
        path = archive(task.root / "input/sent/sourcedir.tar.gz", GOOD).replace(str(task.root), "/opt/ml")
    if how == "staged-opt-ml":
        task.env["SAGEBRUSH_SUBMIT_ARCHIVE"] = path
        path = "s3://bucket/job/sourcedir.tar.gz"
    submit(task, f"file://{path}" if how == "file-uri" else path)
    ended = task.train()
    assert (ended.stdout, ended.returncode) == (PRINTED, 0), ended.stderr


def test_code_of_the_image_is_not_overwritten(task, tmp_path):
    task.write("code/train.py", "print('the image')")
    submit(task, archive(tmp_path / "sourcedir.tar.gz", GOOD))
    assert task.train().stdout == "the image\n"


LINK = {"type": tarfile.SYMTYPE}
ATTACKS = {
    "dot-dot": ([("../evil", "x")], "'../evil': its name leads out of the folder"),
    "inner dot-dot": ([("a/../../evil", "x")], "'a/../../evil': its name leads out"),
    "absolute": ([("/tmp/evil", "x")], "'/tmp/evil': its name leads out"),
    "link out": ([("l", {**LINK, "linkname": "../../x"})], "'l': it links to ../../x, out of the folder"),
    "link to absolute": ([("l", {**LINK, "linkname": "/etc"})], "'l': it links to /etc, out of the folder"),
    "hard link out": ([("h", {"type": tarfile.LNKTYPE, "linkname": "../x"})], "'h': it links to ../x"),
    "device": ([("null", {"type": tarfile.CHRTYPE, "devmajor": 1, "devminor": 3})], "'null': it is a device"),
    "pipe": ([("pipe", {"type": tarfile.FIFOTYPE})], "'pipe': it is a device, a pipe"),
    # Each link alone stays inside; together they climb.
    "chain": (
        [
            ("a/b", {"type": tarfile.DIRTYPE, "mode": 0o755}),
            ("a/b/up", {**LINK, "linkname": "../.."}),
            ("out", {**LINK, "linkname": "a/b/up/.."}),
            ("out/evil", "x"),
        ],
        "'out': it links to a/b/up/.., out of the folder",
    ),
    "link made later": (
        [
            ("q", {**LINK, "linkname": "x/y/.."}),
            ("x", {**LINK, "linkname": "."}),
            ("y", {**LINK, "linkname": "."}),
            ("q/../e", "x"),
        ],
        "'q/../e': its name leads out",
    ),
}


@pytest.mark.parametrize("attack", ATTACKS)
def test_archive_is_refused(task, tmp_path, attack):
    members, message = ATTACKS[attack]
    submit(task, archive(tmp_path / "sourcedir.tar.gz", [("train.py", "print('ran')"), *members]))
    before = set(os.listdir(task.root)) | set(os.listdir(task.root.parent))
    ended = task.train()
    assert ended.returncode == 1 and "ran" not in ended.stdout
    assert task.failure.startswith(f"{tmp_path}/sourcedir.tar.gz is refused: member {message}")
    assert set(os.listdir(task.root)) | set(os.listdir(task.root.parent)) == before
    assert not os.path.exists("/tmp/evil")


def test_writing_through_links_stays_inside(task, tmp_path):
    members = [("x", {**LINK, "linkname": "."}), ("train.py", "print('ok')"), ("x/x/data", "inside")]
    submit(task, archive(tmp_path / "sourcedir.tar.gz", members))
    assert task.train().stdout == "ok\n"
    assert (task.root / "code/data").read_text() == "inside"


def test_a_cut_archive_is_told(task, tmp_path):
    path = archive(tmp_path / "sourcedir.tar.gz", [("train.py", "x" * 100000), *GOOD])
    with open(path, "r+b") as file:
        file.truncate(os.path.getsize(path) // 2)
    submit(task, path)
    assert task.train().returncode == 1
    assert task.failure.startswith(f"{path} is not a whole tar archive")


def test_a_source_that_is_nowhere_is_told(task):
    submit(task, "/no/such/place")
    assert task.train().returncode == 1
    assert task.failure.startswith("the source /no/such/place is neither s3://, nor a folder or an archive")


class FakeS3(http.server.BaseHTTPRequestHandler):
    """Checks each signature with botocore's signer and answers from `answers`, in turn."""

    answers: list = []
    problems: list[str] = []

    def do_GET(self):
        self.problems += verify(self.path, self.headers)
        status, body, length = self.answers.pop(0)
        self.send_response(status)
        self.send_header("Content-Length", str(length if length is not None else len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


def verify(path: str, headers) -> list[str]:
    from botocore import auth
    from botocore.awsrequest import AWSRequest
    from botocore.credentials import Credentials

    sent = headers["authorization"]
    request = AWSRequest("GET", f"http://{headers['host']}{path}")
    request.headers["X-Amz-Date"] = headers["x-amz-date"]
    request.headers["X-Amz-Content-SHA256"] = headers["x-amz-content-sha256"]
    request.headers["X-Amz-Security-Token"] = headers["x-amz-security-token"]
    request.context["timestamp"] = headers["x-amz-date"]
    signer = auth.S3SigV4Auth(Credentials("AKID", "secret/+=", "token"), "s3", "eu-west-1")
    canonical = signer.canonical_request(request)
    signature = signer.signature(signer.string_to_sign(request, canonical), request)
    problems = [] if sent.endswith(f"Signature={signature}") else [f"signature of {path}: {sent} is not {signature}"]
    if "Credential=AKID/" not in sent or "/eu-west-1/s3/aws4_request" not in sent:
        problems.append(f"scope: {sent}")
    return problems


@pytest.fixture
def s3(task):
    handler = type("Handler", (FakeS3,), {"answers": [], "problems": []})
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    task.env.update(
        AWS_ENDPOINT_URL=f"http://127.0.0.1:{server.server_port}",
        AWS_ACCESS_KEY_ID="AKID",
        AWS_SECRET_ACCESS_KEY="secret/+=",
        AWS_SESSION_TOKEN="token",
        AWS_REGION="eu-west-1",
    )
    yield handler
    server.shutdown()
    server.server_close()
    assert handler.problems == []


KEYS = ["job-1/source/sourcedir.tar.gz", "a b/ü+%25/~x=1&y;(z)!'*/sourcedir.tar.gz", "double//slash"]


@pytest.mark.parametrize("key", KEYS)
def test_code_arrives_from_s3_by_a_signed_request(task, tmp_path, s3, key):
    path = archive(tmp_path / "sourcedir.tar.gz", GOOD)
    s3.answers.append((200, open(path, "rb").read(), None))
    submit(task, f"s3://my-bucket/{key}")
    ended = task.train()
    assert (ended.stdout, ended.returncode) == (PRINTED, 0), ended.stderr


def test_passing_faults_of_s3_are_tried_again(task, tmp_path, s3):
    content = open(archive(tmp_path / "sourcedir.tar.gz", GOOD), "rb").read()
    s3.answers += [
        (503, b"<Error><Code>SlowDown</Code></Error>", None),
        (200, content[:50], len(content)),
        (200, content, None),
    ]
    submit(task, "s3://my-bucket/sourcedir.tar.gz")
    ended = task.train()
    assert ended.stdout == PRINTED, ended.stderr
    assert "503 SlowDown" in ended.stderr and "attempt 2 of 4" in ended.stderr


@pytest.mark.parametrize(
    ("status", "code"),
    [(404, "NoSuchKey"), (404, "NoSuchBucket"), (403, "AccessDenied"), (403, "SignatureDoesNotMatch")],
)
def test_a_refusal_of_s3_is_told(task, s3, status, code):
    s3.answers.append((status, f"<Error><Code>{code}</Code><Message>No.</Message></Error>".encode(), None))
    submit(task, "s3://my-bucket/some/key.tar.gz")
    assert task.train().returncode == 1
    assert task.failure == f"cannot fetch some/key.tar.gz from bucket my-bucket: {status} {code}: No."


def test_an_endpoint_that_is_not_there_is_told(task):
    task.env.update(AWS_ENDPOINT_URL_S3="http://127.0.0.1:1", AWS_ACCESS_KEY_ID="a", AWS_SECRET_ACCESS_KEY="b")
    submit(task, "s3://my-bucket/key")
    assert task.train().returncode == 1
    assert task.failure.startswith(
        "cannot fetch key from bucket my-bucket at http://127.0.0.1:1: ConnectionRefusedError"
    )
