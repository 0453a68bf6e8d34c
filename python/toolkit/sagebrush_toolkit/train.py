"""`train`: the /opt/ml contract turned into script mode."""

from __future__ import annotations

import os
import sys

from . import process
from .environment import TrainingEnvironment
from .task import ERROR, INFO, Layout, TaskError, called_process_failure, log, set_level, write_failure

LISTED_NAMES = 20


def main() -> None:
    """Runs the job and exits with the script's own code."""
    layout = Layout()
    process.exit_when_stopped()
    try:
        status = _train(layout)
    except SystemExit as stopped:
        status = stopped.code
    except TaskError as error:
        message = str(error)
        log(ERROR, f"Reporting training FAILURE\n{message}")
        write_failure(layout.failure, message)
        status = 1
    except Exception as error:  # A defect of ours must still reach FailureReason.
        import traceback

        log(ERROR, f"Reporting training FAILURE\n{traceback.format_exc()}")
        write_failure(layout.failure, f"Framework Error: {type(error).__name__}: {error}")
        status = 1
    # Skips the interpreter's own cleaning up: nothing of ours is left to flush.
    sys.stdout.flush()
    os._exit(status)


def _train(layout: Layout) -> int:
    settings = TrainingEnvironment(layout)
    set_level(settings.log_level)
    for folder in (layout.code, layout.model, layout.output_data, layout.output_intermediate):
        os.makedirs(folder, exist_ok=True)
    if settings.module_dir != layout.code:
        from .source import fetch

        fetch(settings.module_dir, layout.code, layout.local(os.environ.get("SAGEBRUSH_SUBMIT_ARCHIVE", "")))
    entry = resolve(layout.code, settings.user_entry_point, sys.executable, settings.command_arguments())
    env = user_environment(layout, settings.variables())
    if entry.is_package or os.path.exists(os.path.join(layout.code, "requirements.txt")):
        from . import requirements

        requirements.install(layout.code, env, entry.is_package)
    if len(settings.hosts) > 1:
        wait_for_hosts(settings.hosts)
    command = " ".join(entry.argv)
    log(INFO, f"Invoking script with the following command:\n\n{command}\n")
    ended = process.run(entry.argv, layout.code, env, signal_descendants=entry.is_shell)
    if ended.code == 0:
        log(INFO, "Reporting training SUCCESS")
    elif ended.stop_signal:
        log(INFO, f"stopped by signal {ended.stop_signal}: the script ended with {ended.code}")
    else:
        message = called_process_failure("ExecuteUserScriptError", ended.code, ended.tail, command)
        log(ERROR, f"Reporting training FAILURE: {command} ended with {ended.code}")
        write_failure(layout.failure, message)
    return ended.exit_status


def user_environment(layout: Layout, variables: dict[str, str], folders: list[str] | None = None) -> dict[str, str]:
    """The task's own environment, the toolkit's variables on top, and the code folders importable."""
    env = {**os.environ, **variables}
    paths = list(folders or [layout.code])
    target = os.environ.get("SAGEBRUSH_PIP_TARGET")
    if target:
        from .requirements import packages_of

        paths.append(packages_of(target))
        env["PATH"] = os.pathsep.join([os.path.join(target, "bin"), env.get("PATH", os.defpath)])
    if os.environ.get("PYTHONPATH"):
        paths.append(os.environ["PYTHONPATH"])
    env["PYTHONPATH"] = os.pathsep.join(paths)
    # Output must be live, as in AWS's images, which set the same.
    env.setdefault("PYTHONUNBUFFERED", "1")
    env.setdefault("PYTHONIOENCODING", "UTF-8")
    return env


def wait_for_hosts(hosts: list[str], seconds: float = 60.0) -> None:
    """Waits until every host's name resolves: the hosts of a job start at different times."""
    import socket
    import time

    end = time.monotonic() + seconds
    for host in hosts:
        while True:
            try:
                socket.gethostbyname(host)
                break
            except OSError as error:
                if time.monotonic() > end:
                    log(ERROR, f"host {host} does not resolve after {seconds:.0f} s: {error}")
                    return
                time.sleep(0.1)


class EntryPoint:
    """A program to run: `argv` in the code folder; `is_package` asks for `pip install .` first."""

    def __init__(self, argv: list[str], is_package: bool = False, is_shell: bool = False) -> None:
        self.argv = argv
        self.is_package = is_package
        self.is_shell = is_shell


def resolve(code_dir: str, program: str | None, python: str, arguments: list[str]) -> EntryPoint:
    """Chooses by name and by what lies beside it, as AWS's toolkit does.

    `.sh` is a command; a folder with setup.py is a package run by `-m`; `.py` is a script; anything
    else is a command. One step further than AWS: a folder with only pyproject.toml is a package too,
    when the program is not a file in it.
    """
    if not program:
        raise TaskError(
            "no entry point: set the hyperparameter sagemaker_program (SAGEMAKER_PROGRAM) to the script's name"
        )
    _check_name(program)
    path = os.path.join(code_dir, program)
    if not program.endswith(".sh") and _is_package(code_dir, path):
        module = (program[:-3] if program.endswith(".py") else program).replace("/", ".")
        return EntryPoint([python, "-m", module, *arguments], is_package=True)
    if not os.path.isfile(path):
        raise TaskError(f"entry point {program} is not in {code_dir}; {listing(code_dir)}")
    if os.path.commonpath([os.path.realpath(code_dir), os.path.realpath(path)]) != os.path.realpath(code_dir):
        raise TaskError(f"entry point {program} is a link that leads out of {code_dir}")
    if program.endswith(".py"):
        return EntryPoint([python, program, *arguments])
    return EntryPoint([*_interpreter(path), program, *arguments], is_shell=True)


def _check_name(program: str) -> None:
    parts = program.split("/")
    if program.startswith(("-", "/")) or ".." in parts or "\0" in program:
        raise TaskError(
            f"entry point {program!r} must be a path inside the source folder, "
            "without '..' and not starting with '-' or '/'"
        )


def _is_package(code_dir: str, path: str) -> bool:
    if os.path.isfile(os.path.join(code_dir, "setup.py")):
        return True
    return os.path.isfile(os.path.join(code_dir, "pyproject.toml")) and not os.path.isfile(path)


def _interpreter(path: str) -> list[str]:
    """The interpreter that the file's first line names when it is there; else bash; else sh."""
    with open(path, "rb") as file:
        first = file.readline(256)
    if first.startswith(b"#!"):
        words = first[2:].decode("utf-8", "replace").split(None, 1)
        if words and os.access(words[0], os.X_OK):
            return [word.strip() for word in words]
    elif first.startswith(b"\x7fELF"):
        os.chmod(path, 0o755)
        return ["/usr/bin/env"]
    return ["/bin/bash" if os.access("/bin/bash", os.X_OK) else "/bin/sh"]


def listing(folder: str) -> str:
    """Tells what is in a folder, for an error about what is not."""
    try:
        names = sorted(os.listdir(folder))
    except OSError as error:
        return f"it cannot be listed: {error.strerror}"
    if not names:
        return "it is empty"
    shown = [name + "/" if os.path.isdir(os.path.join(folder, name)) else name for name in names[:LISTED_NAMES]]
    more = f" and {len(names) - LISTED_NAMES} more" if len(names) > LISTED_NAMES else ""
    return f"it has: {', '.join(shown)}{more}"
