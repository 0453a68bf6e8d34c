"""The start-up module under a real interpreter, with the modules' names but not their weight."""

import subprocess
import sys
import tempfile
import textwrap
import time
import unittest
from pathlib import Path
from unittest import mock

RUN = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(RUN))
import sagebrush_waits  # noqa: E402


class WaitsTest(unittest.TestCase):
    def run_python(self, code: str, files: dict[str, str]) -> tuple[str, float]:
        with tempfile.TemporaryDirectory() as folder:
            for name, content in files.items():
                path = Path(folder, name)
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(textwrap.dedent(content))
            started = time.monotonic()
            done = subprocess.run(
                [sys.executable, "-c", textwrap.dedent(code)],
                env={"PYTHONPATH": f"{RUN}:{folder}"},
                capture_output=True,
                text=True,
                timeout=30,
            )
            self.assertEqual((done.returncode, done.stderr), (0, ""))
            return done.stdout, time.monotonic() - started

    def test_a_waiting_module_sleeps_shortly_and_believes_that_it_slept_long_enough_to_look_again(self):
        waiting = """
            import time
            def wait(timeout=None):
                started = time.time()
                for _ in range(3):
                    time.sleep(10)
                return time.time() - started
        """
        code = """
            import time
            import sagemaker.session, sagemaker.other
            print(round(sagemaker.session.wait()), sagemaker.session.wait(timeout=60) < 2)
            print(sagemaker.session.time is time, sagemaker.other.time is time)
        """
        files = {"sagemaker/__init__.py": "", "sagemaker/session.py": waiting, "sagemaker/other.py": "import time"}
        printed, seconds = self.run_python(code, files)
        self.assertEqual(printed, "90 True\nFalse True\n")
        self.assertLess(seconds, 5)

    def test_sleeps_grow_within_one_wait_and_begin_shortly_in_the_next(self):
        class Clock:
            now, sleeps = 1000.0, []

            def monotonic(self):
                return self.now

            def sleep(self, seconds):
                self.now += seconds
                self.sleeps.append(seconds)

        clock = Clock()
        with mock.patch.object(sagebrush_waits, "real_time", clock):
            waiting = sagebrush_waits.ShortTime()
            for _ in range(12):
                waiting.sleep(30)
            self.assertEqual((clock.sleeps[0], clock.sleeps[-1]), (0.05, 0.3))
            clock.now += 4.9  # what is asked between two sleeps may take long
            waiting.sleep(30)
            self.assertEqual(clock.sleeps[-1], 0.3)
            clock.now += 5.1
            waiting.sleep(30)
            self.assertEqual(clock.sleeps[-1], 0.05)

    def test_a_module_that_sleeps_by_a_constant_of_another_one_sleeps_shortly(self):
        helper = "import time\nEP_LOGGER_POLL = 30\nDEFAULT_EP_POLL = 30\n"
        progress = """
            def look(poll):
                import time
                time.sleep(poll)
        """
        code = """
            from sagemaker.core.helper.session_helper import DEFAULT_EP_POLL, EP_LOGGER_POLL
            from sagemaker.serve.progress import look
            look(EP_LOGGER_POLL)
            print(DEFAULT_EP_POLL)
        """
        files = {"sagemaker/core/helper/session_helper.py": helper, "sagemaker/serve/progress.py": progress}
        printed, seconds = self.run_python(code, files)
        self.assertEqual(printed, "30\n")
        self.assertLess(seconds, 5)

    def test_the_user_s_own_sitecustomize_still_runs(self):
        printed, _ = self.run_python(
            "import sitecustomize; print(sitecustomize.MARK)", {"sitecustomize.py": "MARK = 7\nprint('mine')"}
        )
        self.assertEqual(printed, "mine\n7\n")


if __name__ == "__main__":
    unittest.main()
