"""What the toolkit says: log lines on stderr, and the failure file that becomes FailureReason."""

from __future__ import annotations

import os

FAILURE_LIMIT = 1024
DEBUG, INFO, WARNING, ERROR = 10, 20, 30, 40
_NAMES = {DEBUG: "DEBUG", INFO: "INFO", WARNING: "WARNING", ERROR: "ERROR"}
_threshold = INFO


class TaskError(Exception):
    """A failure to be told to the user as it stands, without the toolkit's own traceback.

    `kind` is AWS's name of the error (its first line in FailureReason); `exit_code` is what `train`
    exits with.
    """

    def __init__(self, message: str, kind: str = "ClientError", exit_code: int = 1) -> None:
        super().__init__(message)
        self.kind = kind
        self.exit_code = exit_code


def set_level(level: object) -> None:
    """Takes sagemaker_container_log_level: a logging number (20) or its name; others leave INFO."""
    global _threshold
    names = {name: number for number, name in _NAMES.items()}
    names["CRITICAL"] = 50
    if isinstance(level, str):
        level = int(level) if level.strip().isdigit() else names.get(level.strip().upper(), INFO)
    _threshold = level if isinstance(level, int) else INFO


def log(level: int, message: str) -> None:
    """Writes one line in AWS's shape; time is UTC. One write, so lines never interleave."""
    if level < _threshold:
        return
    import time

    now = time.time()
    stamp = time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(now))
    line = f"{stamp},{int(now * 1000) % 1000:03d} sagebrush-toolkit {_NAMES.get(level, level)} {message}\n"
    try:
        os.write(2, line.encode("utf-8", "replace"))
    except OSError:
        pass  # Nobody reads our log any more; the task itself must go on.


def write_failure(path: str, message: str) -> None:
    """Writes the failure file unless the user's code wrote its own, which says more than we can."""
    try:
        if os.path.exists(path) and os.path.getsize(path) > 0:
            return
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8", errors="replace") as file:
            file.write(message)
    except OSError as error:
        log(ERROR, f"cannot write {path}: {error}")


def called_process_failure(kind: str, code: int, tail: str, command: str) -> str:
    """AWS's text for a program that failed, with the program's own last words inside the limit.

    AWS writes the whole of stderr and then the command, so a long traceback pushes its own last
    lines out of the 1,024 characters. Here the command is shortened first, then the head of the
    output, never its end.
    """
    if len(command) > 200:
        command = command[:199] + "…"
    extra = ""
    if code < 0:
        extra = f'\nExtraInfo "{signal_text(-code)}"'
    frame = f'{kind}:\nExitCode {code}\nErrorMessage ""{extra}\nCommand "{command}"'
    return frame.replace('ErrorMessage ""', f'ErrorMessage "{_fit(tail, FAILURE_LIMIT - len(frame))}"', 1)


def signal_text(number: int) -> str:
    """Names a signal that ended a process, with the usual cause of SIGKILL."""
    import signal

    try:
        name = signal.Signals(number).name
    except ValueError:
        name = f"signal {number}"
    cause = "; out of memory?" if name == "SIGKILL" else ""
    return f"killed by {name} (signal {number}){cause}"


def _fit(tail: str, room: int) -> str:
    """The last lines of `tail` in at most `room` characters."""
    text = "\n".join(line.rstrip() for line in tail.replace("\r\n", "\n").strip().split("\n"))
    if len(text) <= room:
        return text
    cut = text[len(text) - room + 2 :]
    newline = cut.find("\n")
    # A whole line reads better than half of one, unless one line fills the room.
    if 0 <= newline < len(cut) // 2:
        cut = cut[newline + 1 :]
    return "… " + cut
