"""Real `train` and `serve` in temporary roots. Run with: python -m pytest python/toolkit/tests

The tasks' Python is an environment of images/scikit-learn, made once in SAGEBRUSH_TEST_CACHE
(~/.cache/sagebrush-test).
"""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

TOOLKIT = Path(__file__).resolve().parents[1]
IMAGE = TOOLKIT.parents[1] / "images" / "scikit-learn"
DEADLINE_S = 30.0
sys.path.insert(0, str(TOOLKIT))


def recipe() -> tuple[str, Path]:
    """The image's default variant that this Python can install, else the first that it can."""
    image = json.loads((IMAGE / "image.json").read_text())
    here = sys.version_info[:2]

    def allows(variant: dict[str, str]) -> bool:
        low, high = (part.lstrip("<>=") for part in variant["python"].split(","))
        return tuple(map(int, low.split("."))) <= here < tuple(map(int, high.split(".")))

    usable = [variant for variant in image["variants"] if allows(variant)]
    chosen = next((v for v in usable if v["version"] == image["default"]), usable[0])
    return chosen["version"], IMAGE / chosen["requirements"]


@pytest.fixture(scope="session")
def environment() -> Path:
    """A virtual environment made by the image's recipe."""
    version, requirements = recipe()
    cache = Path(os.environ.get("SAGEBRUSH_TEST_CACHE") or Path.home() / ".cache" / "sagebrush-test")
    # Debian's and pyenv's Python of one version make different environments.
    path = cache / f"toolkit-sklearn-{version}-py{sys.version_info[0]}.{sys.version_info[1]}"
    recipe_text = requirements.read_text()
    if not (path / "complete").exists() or (path / "complete").read_text() != recipe_text:
        subprocess.run([sys.executable, "-m", "venv", "--clear", path], check=True)
        subprocess.run([path / "bin" / "pip", "install", "-q", "-r", requirements], check=True)
        (path / "complete").write_text(recipe_text)
    return path


def wait_until(check, what: str, seconds: float = DEADLINE_S):
    """Polls until `check()` is truthy and returns it."""
    end = time.monotonic() + seconds
    while True:
        found = check()
        if found:
            return found
        if time.monotonic() > end:
            pytest.fail(f"not within {seconds} s: {what}")
        time.sleep(0.01)


class Task:
    """A root like /opt/ml and the environment variables of a task in it."""

    def __init__(self, root: Path, environment: Path) -> None:
        self.root = root
        self.python = environment / "bin" / "python3"
        self.env = {
            "PATH": f"{environment / 'bin'}:{os.environ['PATH']}",
            "HOME": str(root.parent),
            "SAGEBRUSH_ML_ROOT": str(root),
        }
        for folder in ("input/config", "input/data", "code", "model", "output"):
            (root / folder).mkdir(parents=True)

    def write(self, name: str, text: str) -> Path:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return path

    def configure(self, hyperparameters=None, channels=None, resources=None) -> None:
        config = {"hyperparameters": hyperparameters, "inputdataconfig": channels, "resourceconfig": resources}
        for name, content in config.items():
            if content is not None:
                self.write(f"input/config/{name}.json", json.dumps(content))

    def script(self, text: str, program: str = "train.py", /, **hyperparameters: str) -> None:
        self.write(f"code/{program}", text)
        self.configure({"sagemaker_program": program, **hyperparameters})

    def start(self, command: str = "train", **options) -> subprocess.Popen:
        options = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **options}
        return subprocess.Popen([TOOLKIT / "bin" / command], env=self.env, start_new_session=True, **options)

    def train(self, **options) -> subprocess.CompletedProcess:
        process = self.start(**options)
        try:
            out, err = process.communicate(timeout=60)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            raise
        return subprocess.CompletedProcess([], process.returncode, (out or b"").decode(), (err or b"").decode())

    @property
    def failure(self) -> str:
        return (self.root / "output" / "failure").read_text()


@pytest.fixture
def task(tmp_path: Path, environment: Path) -> Task:
    return Task(tmp_path / "ml", environment)


class Server:
    """A running `serve` on a free port, or on a Unix socket."""

    def __init__(self, task: Task, **env: str) -> None:
        self.task = task
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.log_path = task.root.parent / "serve.log"
        defaults = {"SAGEMAKER_BIND_TO_PORT": str(self.port), "SAGEBRUSH_BIND_HOST": "127.0.0.1"}
        defaults["SAGEMAKER_MODEL_SERVER_WORKERS"] = "1"
        task.env.update({**defaults, **env})
        with open(self.log_path, "wb") as log:
            self.process = task.start("serve", stdout=log, stderr=log)

    @property
    def log(self) -> str:
        return self.log_path.read_text()

    def connect(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=DEADLINE_S)

    def request(self, method: str, path: str, body=None, headers=None, connection=None):
        """Status, headers, body of one request."""
        used = connection or self.connect()
        used.request(method, path, body, headers or {})
        response = used.getresponse()
        content = response.read()
        if connection is None:
            used.close()
        return response.status, response.headers, content

    def invoke(self, body, content_type="text/csv", accept="application/json", **headers):
        sent = {"Content-Type": content_type, "Accept": accept, **headers}
        return self.request("POST", "/invocations", body, sent)

    def ping(self) -> int | None:
        try:
            return self.request("GET", "/ping")[0]
        except OSError:
            return None

    def ready(self) -> Server:
        def check() -> bool:
            assert self.process.poll() is None, self.log
            return self.ping() == 200

        wait_until(check, "ready")
        return self

    def workers(self) -> list[int]:
        """Process ids of the workers."""
        listed = subprocess.run(["ps", "-o", "pid=", "--ppid", str(self.process.pid)], stdout=subprocess.PIPE)
        return [int(pid) for pid in listed.stdout.split()]

    def stop(self) -> int:
        if self.process.poll() is None:
            self.process.terminate()
        try:
            return self.process.wait(10)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            raise


@pytest.fixture
def serve(task: Task):
    """serve(code, **env) → a ready Server whose user module is `code`; all end with the test."""
    servers: list[Server] = []

    def start(code: str | None, ready: bool = True, **env: str) -> Server:
        if code is not None:
            task.write("model/code/inference.py", code)
        servers.append(Server(task, **env))
        return servers[-1].ready() if ready else servers[-1]

    yield start
    for server in servers:
        server.stop()
