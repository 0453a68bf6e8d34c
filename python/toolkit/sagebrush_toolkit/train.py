"""`train`: the /opt/ml contract turned into script mode."""

from __future__ import annotations

import os
import sys

from . import entry_point, process
from .environment import TrainingEnvironment
from .layout import Layout
from .report import ERROR, INFO, TaskError, called_process_failure, log, set_level, write_failure


def main() -> None:
    """Runs the job and exits with the script's own code."""
    layout = Layout()
    try:
        status = _train(layout)
    except TaskError as error:
        message = str(error) if error.kind == "ClientError" else f"{error.kind}:\n{error}"
        log(ERROR, f"Reporting training FAILURE\n{message}")
        write_failure(layout.failure, message)
        status = error.exit_code
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

        fetch(settings.module_dir, layout.code, os.environ.get("SAGEBRUSH_SUBMIT_ARCHIVE"))
    entry = entry_point.resolve(
        layout.code, settings.user_entry_point, sys.executable, settings.command_arguments()
    )
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


def user_environment(layout: Layout, variables: dict[str, str]) -> dict[str, str]:
    """The task's own environment, the toolkit's variables on top, and the code folder importable."""
    env = {**os.environ, **variables}
    paths = [layout.code, os.environ.get("SAGEBRUSH_PIP_TARGET"), os.environ.get("PYTHONPATH")]
    env["PYTHONPATH"] = os.pathsep.join(path for path in paths if path)
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
