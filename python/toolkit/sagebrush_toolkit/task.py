"""What every part needs of its task: paths, size, log lines, and the failure file.

The root is /opt/ml, or SAGEBRUSH_ML_ROOT when the engine has no mount namespace.
"""

from __future__ import annotations

import os

DEFAULT_ROOT = "/opt/ml"
# FailureReason has 1,024 UTF-16 units, of which "AlgorithmError: " before the failure file's text and
# ", exit code: 137 (out of memory)" behind it take 48.
FAILURE_LIMIT = 970
DEBUG, INFO, WARNING, ERROR = 10, 20, 30, 40
_NAMES = {DEBUG: "DEBUG", INFO: "INFO", WARNING: "WARNING", ERROR: "ERROR"}
_threshold = INFO


class Layout:
    """Paths of one task. Nothing is created or read here."""

    def __init__(self, root: str | None = None) -> None:
        self.root = os.path.abspath(root or os.environ.get("SAGEBRUSH_ML_ROOT") or DEFAULT_ROOT)
        self.code = os.path.join(self.root, "code")
        self.model = os.path.join(self.root, "model")
        self.input = os.path.join(self.root, "input")
        self.input_config = os.path.join(self.input, "config")
        self.input_data = os.path.join(self.input, "data")
        self.output = os.path.join(self.root, "output")
        self.output_data = os.path.join(self.output, "data")
        self.output_intermediate = os.path.join(self.output, "intermediate")
        self.failure = os.path.join(self.output, "failure")

    def local(self, path: str) -> str:
        """Where something is that the request or the engine names by its path (or file://) below /opt/ml."""
        scheme = "file://" if path.startswith("file://") else ""
        plain = path[len(scheme) :]
        below = plain == DEFAULT_ROOT or plain.startswith(DEFAULT_ROOT + "/")
        return scheme + self.root + plain[len(DEFAULT_ROOT) :] if below else path

    def channel(self, name: str) -> str:
        """Folder of an input channel in File mode."""
        return os.path.join(self.input_data, name)


def cpu_count() -> int:
    """CPUs that this task may use: its affinity mask, bounded by the cgroup's quota."""
    count = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    quota = _cgroup_quota()
    return max(1, min(count, quota)) if quota else count


def _cgroup_quota() -> int | None:
    """Whole CPUs of the cgroup's bandwidth limit (v2, then v1), rounded up; None when unlimited."""
    try:
        with open("/sys/fs/cgroup/cpu.max") as file:
            quota, period = file.read().split()
    except (OSError, ValueError):
        try:
            with open("/sys/fs/cgroup/cpu/cpu.cfs_quota_us") as file:
                quota = file.read().strip()
            with open("/sys/fs/cgroup/cpu/cpu.cfs_period_us") as file:
                period = file.read().strip()
        except OSError:
            return None
    if not quota.isdigit() or not period.isdigit() or int(period) == 0:
        return None
    return -(-int(quota) // int(period)) or None


def gpu_count() -> int:
    """GPUs given to this task: CUDA_VISIBLE_DEVICES when the engine set it, else the device files.

    AWS's toolkit starts nvidia-smi for this, which costs from 50 ms to seconds.
    """
    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    if visible is not None:
        ids = [item for item in visible.split(",") if item.strip() not in ("", "-1", "NoDevFiles")]
        return len(ids)
    return sum(name[6:].isdigit() for name in _devices() if name.startswith("nvidia"))


def neuron_count() -> int:
    """NeuronCores given to this task; neuron-ls is asked only where a Neuron device exists."""
    if not any(name[6:].isdigit() for name in _devices() if name.startswith("neuron")):
        return 0
    import json
    import subprocess

    try:
        listed = subprocess.run(["neuron-ls", "-j"], stdout=subprocess.PIPE, check=True, timeout=30)
        return sum(int(device.get("nc_count", 0)) for device in json.loads(listed.stdout))
    except (OSError, ValueError, subprocess.SubprocessError):
        return 0


def _devices() -> list[str]:
    try:
        return os.listdir("/dev")
    except OSError:
        return []


class TaskError(Exception):
    """A failure to be told to the user as it stands, without the toolkit's own traceback."""


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
    lines out of the reason. Here the command is shortened first, then the head of the
    output, never its end.
    """
    if len(command) > 200:
        command = command[:199] + "…"
    extra = ""
    if code < 0:
        extra = f'\nExtraInfo "{signal_text(-code)}"'
    frame = f'{kind}:\nExitCode {code}\nErrorMessage ""{extra}\nCommand "{command}"'
    return frame.replace('ErrorMessage ""', f'ErrorMessage "{_fit(tail, FAILURE_LIMIT - _units(frame))}"', 1)


def signal_text(number: int) -> str:
    """Names a signal that ended a process, with the usual cause of SIGKILL."""
    import signal

    try:
        name = signal.Signals(number).name
    except ValueError:
        name = f"signal {number}"
    cause = "; out of memory?" if name == "SIGKILL" else ""
    return f"killed by {name} (signal {number}){cause}"


def _units(text: str) -> int:
    """How long FailureReason counts it: a character beyond the first 65,536 is two."""
    return len(text.encode("utf-16-le", "replace")) // 2


def _fit(tail: str, room: int) -> str:
    """The last lines of `tail` in at most `room` UTF-16 units."""
    text = "\n".join(line.rstrip() for line in tail.replace("\r\n", "\n").strip().split("\n"))
    if _units(text) <= room:
        return text
    # "ignore": half a character at the cut.
    cut = text.encode("utf-16-le", "replace")[-2 * (room - 2) :].decode("utf-16-le", "ignore")
    newline = cut.find("\n")
    # A whole line reads better than half of one, unless one line fills the room.
    if 0 <= newline < len(cut) // 2:
        cut = cut[newline + 1 :]
    return "… " + cut
