"""count_pytest.py RECORD LIMIT_S FILE…: runs the files' tests and writes what was counted as JSON."""

import json
import sys
from pathlib import Path

import pytest


class Counting:
    def __init__(self):
        self.passed = 0
        self.failed = []
        self.skipped = []

    def pytest_runtest_logreport(self, report):
        if report.failed:
            # A test may fail twice, in its body and in its teardown: it is one test.
            if report.nodeid not in self.failed:
                self.failed.append(report.nodeid)
        elif report.skipped:
            self.skipped.append({"name": report.nodeid, "why": why(report)})
        elif report.when == "call":
            self.passed += 1

    def pytest_collectreport(self, report):
        if report.failed:
            self.failed.append(report.nodeid)
        elif report.skipped:
            self.skipped.append({"name": report.nodeid, "why": why(report)})


def why(report):
    return str(report.longrepr[2]) if isinstance(report.longrepr, tuple) else str(getattr(report, "wasxfail", ""))


def main(record, limit_s, *files):
    counting = Counting()
    # A hang ends with every thread's stack, so that the log says where.
    hang = ["-o", f"faulthandler_timeout={float(limit_s) / 2:.0f}"]
    status = pytest.main(["-v", "--tb=short", "-p", "no:cacheprovider", *hang, *files], plugins=[counting])
    if status not in (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED) and not counting.failed:
        counting.failed.append(f"pytest ended with {status!r}")
    Path(record).write_text(json.dumps(vars(counting)))
    return int(status)


sys.exit(main(*sys.argv[1:]))
