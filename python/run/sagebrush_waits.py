"""Shortens the sleeps with which AWS's Python SDKs wait for a service that takes minutes.

The SageMaker Python SDK sleeps 5 s before its first look at a job, describes it every 30 s, and sleeps 30 s before
its first look at an endpoint (version 2); version 3 sleeps 5 s between two looks at anything, ModelBuilder 30 s before
its first look at an endpoint and after one that failed, IamRoleResolver 10 s after it made a role; botocore's waiters
sleep 30 s to 120 s. Here an answer takes milliseconds, so those sleeps would be all that a user waits for. What the
named modules see as `time` is replaced, when and if they are imported; the program's own `time` is untouched.
"""

import importlib.machinery
import sys
import time as real_time

# Where the SDKs wait in loops: SageMaker Python SDK 2 and 3, botocore's waiters.
WAITING_MODULES = frozenset(
    {
        "botocore.waiter",
        "sagemaker.session",
        "sagemaker.spark.processing",
        "sagemaker.predictor_async",
        "sagemaker.core.resources",
        "sagemaker.core.helper.session_helper",
        "sagemaker.core.helper.iam_role_resolver",
        "sagemaker.core.common_utils",
    }
)

FIRST_SLEEP_S = 0.05
LONGEST_SLEEP_S = 0.3
GROWTH = 1.25
# The SDK's log loop looks at the job when 30 s have passed, which is three of its sleeps: each counts as that long,
# or the end of a job would be seen three sleeps late.
LOOK_AGAIN_S = 30

# Version 3's look at a failed endpoint sleeps for this long by a `time` that it imports inside the function, out of
# our reach.
SHORT_CONSTANTS = {"sagemaker.core.helper.session_helper": {"EP_LOGGER_POLL": LONGEST_SLEEP_S}}


class ShortTime:
    """The `time` module of one waiting module: sleeps are short, and its clock says that they were long.

    The clock matters: the SDK's log loop describes a job only when LOOK_AGAIN_S have passed since its last look. A
    function that was given a `timeout` sees the real clock, so that the time-out keeps its length.
    """

    def __init__(self) -> None:
        self._skipped_s = 0.0
        self._next_s = FIRST_SLEEP_S
        self._last_sleep_end = 0.0

    def __getattr__(self, name: str):
        return getattr(real_time, name)

    def sleep(self, seconds: float) -> None:
        now = real_time.monotonic()
        if now - self._last_sleep_end > 5:  # another wait begins
            self._next_s = FIRST_SLEEP_S
        short = min(seconds, self._next_s)
        self._next_s = min(self._next_s * GROWTH, LONGEST_SLEEP_S)
        real_time.sleep(short)
        self._last_sleep_end = real_time.monotonic()
        self._skipped_s += max(seconds, LOOK_AGAIN_S) - short

    def time(self) -> float:
        if sys._getframe(1).f_locals.get("timeout"):
            return real_time.time()
        return real_time.time() + self._skipped_s


class _Finder:
    """Lets the ordinary finders load a waiting module, and replaces its `time` after that."""

    @staticmethod
    def find_spec(name, path=None, target=None):
        if name not in WAITING_MODULES:
            return None
        spec = importlib.machinery.PathFinder.find_spec(name, path, target)
        if spec is None or spec.loader is None:
            return None
        load = spec.loader.exec_module

        def exec_module(module) -> None:
            load(module)
            if getattr(module, "time", None) is real_time:
                module.time = ShortTime()
            for constant, value in SHORT_CONSTANTS.get(name, {}).items():
                if hasattr(module, constant):
                    setattr(module, constant, value)

        spec.loader.exec_module = exec_module
        return spec


def install() -> None:
    sys.meta_path.insert(0, _Finder)
