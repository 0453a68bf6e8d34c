"""Where things are under /opt/ml, or under SAGEBRUSH_ML_ROOT when the engine has no mount namespace."""

from __future__ import annotations

import os

DEFAULT_ROOT = "/opt/ml"


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
