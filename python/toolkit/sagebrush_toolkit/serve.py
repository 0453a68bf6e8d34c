"""`serve`: brings the code and its requirements, opens the port, and starts the dispatcher."""

from __future__ import annotations

import os
import socket
import sys

from .dispatcher import Dispatcher
from .pool import Pool
from .process import exit_when_stopped
from .task import ERROR, Layout, TaskError, cpu_count, log, set_level

BACKLOG = 1024


def main() -> None:
    """Serves until SIGTERM; exits with 0 after draining, with 1 and a message when it cannot serve."""
    exit_when_stopped()
    try:
        set_level(os.environ.get("SAGEMAKER_CONTAINER_LOG_LEVEL", 20))
        layout = Layout()
        if os.environ.get("SAGEMAKER_MULTI_MODEL", "").lower() == "true":
            raise TaskError("SAGEMAKER_MULTI_MODEL: this server holds one model; multi-model serving is not there yet")
        program, folders = prepare_code(layout)
        workers = _number("SAGEMAKER_MODEL_SERVER_WORKERS")
        pool = Pool(*_worker_command(layout, program, folders, workers), workers)
        # AWS's images know both names; the longer one states its unit and wins there too.
        timeout = _number("SAGEMAKER_MODEL_SERVER_TIMEOUT_SECONDS") or _number("SAGEMAKER_MODEL_SERVER_TIMEOUT") or 60
        grace = _number("SAGEBRUSH_GRACE_SECONDS") or 25
        status = Dispatcher(_listen(), pool, timeout, grace).run()
    except SystemExit as stopped:
        status = stopped.code
    except TaskError as error:
        log(ERROR, str(error))
        status = 1
    sys.stdout.flush()
    os._exit(status)


def prepare_code(layout: Layout) -> tuple[str, list[str]]:
    """Brings code and requirements; returns the program and the folders to look for it, in order."""
    program = os.environ.get("SAGEMAKER_PROGRAM") or "inference.py"
    if program.startswith("/") or ".." in program.split("/"):
        raise TaskError(f"SAGEMAKER_PROGRAM {program!r} must be a path inside the source folder, without '..'")
    submitted = os.environ.get("SAGEMAKER_SUBMIT_DIRECTORY")
    in_model = os.path.join(layout.model, "code")
    folders = []
    if submitted:
        local = layout.local(submitted).removeprefix("file://")
        if os.path.isdir(local):
            folders.append(os.path.abspath(local))
        else:
            from .source import fetch

            fetch(local, layout.code, layout.local(os.environ.get("SAGEBRUSH_SUBMIT_ARCHIVE", "")))
            folders.append(layout.code)
    folders += [folder for folder in (in_model, layout.code) if folder not in folders]
    for folder in folders:
        if os.path.isfile(os.path.join(folder, "requirements.txt")):
            from . import requirements
            from .train import user_environment

            requirements.install(folder, user_environment(layout, {}))
            break
    return program, folders


def _worker_command(
    layout: Layout, program: str, folders: list[str], workers: int | None
) -> tuple[list[str], dict[str, str]]:
    from .train import user_environment

    variables = {"SM_MODEL_DIR": layout.model, "SAGEMAKER_BASE_DIR": layout.root}
    env = user_environment(layout, variables, folders)
    # Workers share the machine: each with a thread pool for all CPUs would fight the others.
    env.setdefault("OMP_NUM_THREADS", str(max(1, cpu_count() // workers) if workers else 1))
    home = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    start = "import sys; sys.path.append(sys.argv.pop(1)); from sagebrush_toolkit.worker import main; main()"
    for folder in folders:
        if os.path.isdir(folder):
            os.chdir(folder)
            break
    return [sys.executable, "-c", start, home, "{control}", program, *folders], env


def _number(name: str) -> int | None:
    text = os.environ.get(name, "").strip()
    if not text:
        return None
    if not text.isdigit() or int(text) == 0:
        raise TaskError(f"{name} must be a whole number above 0, not {text!r}")
    return int(text)


def _listen() -> socket.socket:
    """The Unix socket of SAGEBRUSH_BIND_TO_SOCKET, or the port of SAGEMAKER_BIND_TO_PORT."""
    path = os.environ.get("SAGEBRUSH_BIND_TO_SOCKET")
    port = _number("SAGEMAKER_BIND_TO_PORT") or 8080
    address: object = path or (os.environ.get("SAGEBRUSH_BIND_HOST") or "0.0.0.0", port)
    listener = socket.socket(socket.AF_UNIX if path else socket.AF_INET, socket.SOCK_STREAM)
    try:
        if path:
            if os.path.exists(path):
                os.unlink(path)  # Left by one that was killed; two never share a path.
        else:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
    except OSError as error:
        raise TaskError(f"cannot listen on {path or '{}:{}'.format(*address)}: {error.strerror or error}") from error
    listener.listen(BACKLOG)
    listener.setblocking(False)
    return listener
