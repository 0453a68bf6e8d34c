"""The user's program as a process: clean, live, in order, stopped, and quoted when it fails."""

from __future__ import annotations

import json
import os
import re
import resource
import signal
import subprocess
import time

import pytest
from conftest import TOOLKIT, wait_until


def test_script_sees_a_clean_process(task):
    task.script(
        "import json, os, signal, sys\n"
        "print(json.dumps({'name': __name__, 'argv': sys.argv, 'path0': sys.path[0], 'cwd': os.getcwd(),\n"
        " 'toolkit': [m for m in sys.modules if 'sagebrush' in m], 'isolated': sys.flags.isolated,\n"
        " 'signals': [signal.getsignal(s) == signal.SIG_DFL for s in (signal.SIGTERM, signal.SIGHUP)],\n"
        " 'blocked': len(signal.pthread_sigmask(signal.SIG_BLOCK, [])), 'fds': sorted(os.listdir('/proc/self/fd'))}))\n"
        "import sklearn\n",
        n="1",
    )
    ended = task.train(stdin=subprocess.DEVNULL)
    assert ended.returncode == 0, ended.stderr
    seen = json.loads(ended.stdout)
    code = str(task.root / "code")
    assert seen["name"] == "__main__" and seen["argv"] == ["train.py", "-n", "1"]
    assert seen["path0"] == code and seen["cwd"] == code
    assert seen["toolkit"] == [] and seen["isolated"] == 0 and seen["blocked"] == 0
    assert seen["signals"] == [True, True]
    assert seen["fds"] == ["0", "1", "2", "3"]  # 3 is the listing's own
    assert not (task.root / "output/failure").exists()


def test_sigpipe_is_at_its_default(task):
    task.script("yes | head -1; echo ${PIPESTATUS[0]}", "train.sh")
    assert task.train().stdout == "y\n141\n"


def test_output_is_live(task):
    task.script("import time\nprint('first')\ntime.sleep(30)")
    process = task.start(stderr=subprocess.DEVNULL)
    try:
        started = time.monotonic()
        assert process.stdout.readline() == b"first\n"
        assert time.monotonic() - started < 10
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()


def test_stdout_and_stderr_keep_their_order_in_one_log(task):
    task.script(
        "import sys\nfor i in range(2000):\n    print(i, file=(sys.stdout, sys.stderr)[i % 2])\n",
        sagemaker_container_log_level="40",
    )
    ended = task.train(stderr=subprocess.STDOUT)
    assert ended.stdout.split() == [str(i) for i in range(2000)]


def test_stdout_and_stderr_stay_apart_when_they_are(task):
    task.script("import sys\nprint('o')\nprint('e', file=sys.stderr)", sagemaker_container_log_level="40")
    ended = task.train()
    assert (ended.stdout, ended.stderr) == ("o\n", "e\n")


def test_100_mb_of_output_pass_quickly_in_little_memory(task):
    task.script(
        "import sys\nline = 'x' * 999 + '\\n'\nfor _ in range(104858):\n    sys.stdout.write(line)\nsys.exit(3)"
    )
    # The script is timed without the toolkit too: what is asserted is what the toolkit adds.
    bare_start = time.monotonic()
    subprocess.run(f"{task.python} -u train.py | cat > /dev/null", shell=True, cwd=task.root / "code", env=task.env)
    bare = time.monotonic() - bare_start
    start = time.monotonic()
    process = task.start(stderr=subprocess.STDOUT)
    peak, received = 0, 0
    while data := os.read(process.stdout.fileno(), 1 << 20):
        received += len(data)
        with open(f"/proc/{process.pid}/status") as status:
            for line in status:
                if line.startswith("VmHWM"):
                    peak = max(peak, int(line.split()[1]))
    process.wait()
    process.stdout.close()
    took = time.monotonic() - start
    assert received > 104858 * 1000
    assert process.returncode == 3
    assert 0 < peak < 40 * 1024, f"{peak} KiB"
    assert took < 3 * bare + 1, f"{took:.2f} s against {bare:.2f} s"
    assert len(task.failure) <= 970


def test_sigterm_reaches_the_script_and_its_code_is_kept(task):
    task.script(
        "import signal, sys, time\n"
        "def stop(*_):\n    print('checkpoint saved')\n    sys.exit(7)\n"
        "signal.signal(signal.SIGTERM, stop)\nprint('ready')\ntime.sleep(60)\n"
    )
    process = task.start(stderr=subprocess.DEVNULL)
    assert process.stdout.readline() == b"ready\n"
    process.terminate()
    out, _ = process.communicate(timeout=10)
    assert (process.returncode, out) == (7, b"checkpoint saved\n")
    assert not (task.root / "output/failure").exists()


def test_sigterm_reaches_what_a_shell_script_runs(task):
    task.write(
        "code/work.py",
        "import signal, sys, time\n"
        "signal.signal(signal.SIGTERM, lambda *_: (print('worker stopped'), sys.exit(0)))\n"
        "print('ready')\ntime.sleep(60)\n",
    )
    task.script("#!/bin/bash\npython3 work.py\necho after $?\n", "run.sh")
    process = task.start(stderr=subprocess.DEVNULL)
    assert process.stdout.readline() == b"ready\n"
    process.terminate()
    out, _ = process.communicate(timeout=10)
    assert b"worker stopped" in out and process.returncode == 128 + signal.SIGTERM


def test_ignored_sigterm_is_waited_for(task):
    task.script("import signal, time\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\nprint('ready')\ntime.sleep(60)\n")
    process = task.start(stderr=subprocess.DEVNULL)
    assert process.stdout.readline() == b"ready\n"
    process.terminate()
    with pytest.raises(subprocess.TimeoutExpired):
        process.wait(0.5)
    os.killpg(process.pid, signal.SIGKILL)  # What the engine does after its grace: nothing is left.
    process.communicate()
    wait_until(lambda: not _group(process.pid), "the script is gone too")


def _group(pgid: int) -> list[str]:
    listed = subprocess.run(["ps", "-eo", "pgid=,stat="], stdout=subprocess.PIPE, text=True).stdout.splitlines()
    return [line for line in listed if line.split()[0] == str(pgid) and not line.split()[1].startswith("Z")]


def test_failure_carries_the_traceback(task):
    task.script("def f():\n    raise ValueError('the column age is missing')\nf()\n", n="1")
    ended = task.train()
    assert ended.returncode == 1
    # Python 3.13 marks the place in a line of its own.
    assert re.sub(r"\n +[~^]+(?=\n)", "", task.failure) == (
        'ExecuteUserScriptError:\nExitCode 1\nErrorMessage "Traceback (most recent call last):\n'
        f'  File "{task.root}/code/train.py", line 3, in <module>\n    f()\n'
        f'  File "{task.root}/code/train.py", line 2, in f\n'
        "    raise ValueError('the column age is missing')\nValueError: the column age is missing\"\n"
        f'Command "{task.python} train.py -n 1"'
    )
    assert "ValueError: the column age is missing" in ended.stderr


def test_failure_keeps_the_last_lines_within_what_is_left_of_the_reason(task):
    """FailureReason has 1,024 UTF-16 units; the server puts words before and behind."""
    many = {f"parameter{i}": "v" * 50 for i in range(40)}
    task.script(
        "import sys\nfor i in range(500): print('progress', i)\nprint('ü' * 20, 'last words')\nsys.exit(3)", **many
    )
    assert task.train().returncode == 3
    assert len(f"AlgorithmError: {task.failure}, exit code: 137 (out of memory)") <= 1024
    assert task.failure.startswith('ExecuteUserScriptError:\nExitCode 3\nErrorMessage "… progress ')
    assert "\n" + "ü" * 20 + ' last words"\nCommand "' in task.failure


@pytest.mark.parametrize("shift", ["", "a"])
def test_failure_counts_characters_as_the_reason_does(task, shift):
    task.script(f"import sys\nprint('{shift}' + '\U0001f600' * 2000)\nsys.exit(3)")
    assert task.train().returncode == 3
    units = len(f"AlgorithmError: {task.failure}, exit code: 137 (out of memory)".encode("utf-16-le")) // 2
    assert 1000 < units <= 1024
    assert '\U0001f600"\nCommand "' in task.failure and 'ErrorMessage "… \U0001f600' in task.failure


def test_failure_of_a_killed_script_says_by_what(task):
    task.script("import os\nprint('loading')\nos.kill(os.getpid(), 9)")
    assert task.train().returncode == 137
    assert "ExitCode -9" in task.failure and "loading" in task.failure
    assert "killed by SIGKILL (signal 9); out of memory?" in task.failure


def test_own_failure_file_of_the_script_stays(task):
    task.script("open('../output/failure', 'w').write('my own words')\nraise SystemExit(2)")
    assert task.train().returncode == 2
    assert task.failure == "my own words"


def test_syntax_error_is_told(task):
    task.script("def broken(:\n    pass\n")
    assert task.train().returncode == 1
    assert "SyntaxError" in task.failure and "def broken(:" in task.failure


def test_a_background_child_that_holds_the_output_does_not_hold_the_job(task):
    task.script("sleep 20 &\necho done\n", "train.sh")
    start = time.monotonic()
    process = task.start(stderr=subprocess.DEVNULL)
    assert process.wait(10) == 0 and time.monotonic() - start < 5
    os.killpg(process.pid, signal.SIGKILL)
    assert process.communicate()[0] == b"done\n"


def test_starts_the_script_within_60_ms(task):
    """Two Python starts and what the toolkit does between; on a busy machine, by a bare start beside each."""
    task.script("import time\nprint(time.time())", n="1")
    task.train()
    taken, bare = [], []
    for _ in range(15):
        start = time.time()
        taken.append(float(task.train().stdout) - start)
        start = time.time()
        subprocess.run([task.python, "-c", "pass"], check=True)
        bare.append(time.time() - start)
    assert min(taken) < max(0.060, 5 * min(bare)), (taken, bare)


def test_imports_nothing_heavy_before_the_script_starts(task):
    task.script("pass")
    code = "import sys; sys.path.insert(0, sys.argv[1]); import sagebrush_toolkit.train, sagebrush_toolkit.source"
    code += "; print([m for m in ('ssl', 'asyncio', 'urllib.request', 'http.client', 'subprocess', 'typing') if m in sys.modules])"
    listed = subprocess.run([task.python, "-I", "-S", "-c", code, TOOLKIT], stdout=subprocess.PIPE, text=True)
    assert listed.stdout == "[]\n"


def test_open_files_limit_is_not_changed(task):
    task.script("import resource; print(resource.getrlimit(resource.RLIMIT_NOFILE)[0])")
    assert int(task.train().stdout) == resource.getrlimit(resource.RLIMIT_NOFILE)[0]


def test_a_shell_scripts_child_gets_its_time_to_stop(task):
    task.write(
        "code/work.py",
        "import signal, sys, time\n"
        "def stop(*_):\n    time.sleep(3)\n    print('checkpoint saved')\n    sys.exit()\n"
        "signal.signal(signal.SIGTERM, stop)\nprint('ready')\ntime.sleep(60)\n",
    )
    task.script("#!/bin/bash\npython3 work.py\n", "run.sh")
    process = task.start(stderr=subprocess.DEVNULL)
    assert process.stdout.readline() == b"ready\n"
    process.terminate()
    assert b"checkpoint saved" in process.communicate(timeout=20)[0]


def test_last_output_is_not_lost_to_a_slow_reader(task):
    """The script ends at once; its output waits in pipes for longer than any child is lingered for."""
    task.script("import os\nos.write(1, b'x' * 900_000 + b'end')\nos.spawnlp(os.P_NOWAIT, 'sleep', 'sleep', '20')\n")
    process = task.start(stderr=subprocess.DEVNULL)
    received, start = b"", time.monotonic()
    while time.monotonic() - start < 4:
        received += os.read(process.stdout.fileno(), 20_000)
        if received.endswith(b"end"):
            break
        time.sleep(0.1)  # Is the slow reader; nothing is waited for.
    while not received.endswith(b"end"):
        received += os.read(process.stdout.fileno(), 1 << 20)
    assert len(received) == 900_003
    assert process.wait(10) == 0
    os.killpg(process.pid, signal.SIGKILL)
    process.stdout.close()
