"""count_unittest.py RECORD LIMIT_S FILE…: runs the files' tests and writes what was counted as JSON."""

import faulthandler
import json
import sys
import unittest
from pathlib import Path


class Counting(unittest.TextTestResult):
    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.passed = 0

    def addSuccess(self, test):
        super().addSuccess(test)
        self.passed += 1


def main(record: str, limit_s: str, *files: str) -> int:
    # A hang ends with every thread's stack, so that the log says where.
    faulthandler.dump_traceback_later(float(limit_s), exit=True)
    sys.path[0] = str(Path.cwd())
    suite = unittest.TestSuite()
    for file in files:
        suite.addTests(unittest.TestLoader().discover(str(Path(file).parent), pattern=Path(file).name))
    result = unittest.TextTestRunner(verbosity=2, resultclass=Counting).run(suite)
    failed = [test.id() for test, _ in [*result.failures, *result.errors]]
    failed += [test.id() for test in result.unexpectedSuccesses]
    skipped = [{"name": test.id(), "why": why} for test, why in result.skipped]
    passed = result.passed + len(result.expectedFailures)
    Path(record).write_text(json.dumps({"passed": passed, "failed": failed, "skipped": skipped}))
    return 0 if result.wasSuccessful() else 1


sys.exit(main(*sys.argv[1:]))
