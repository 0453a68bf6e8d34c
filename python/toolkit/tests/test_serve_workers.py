"""Worker processes: spread, killed, replaced, drained; and where their code comes from."""

from __future__ import annotations

import os
import signal
import threading
import time

import pytest
from conftest import wait_until
from test_source import archive

CODE = """
import os, time
def model_fn(model_dir):
    return os.getpid()
def input_fn(body, content_type):
    return body
def predict_fn(body, pid):
    if body.startswith('sleep '):
        time.sleep(float(body.split()[1]))
    if body == 'die':
        os.kill(os.getpid(), 9)
    if body == 'exit':
        os._exit(1)
    if body == 'large':
        return 'x' * 20_000_000
    if body == 'cwd':
        return os.getcwd()
    return str(pid)
def output_fn(prediction, accept):
    return prediction
"""


def test_workers_answer_at_the_same_time_and_ping_never_waits(serve):
    server = serve(CODE, SAGEMAKER_MODEL_SERVER_WORKERS="2")
    wait_until(
        lambda: len({server.invoke("sleep 0.05")[2] for _ in range(1)} | _spread(server)) == 2, "both workers serve"
    )
    answers, threads = (
        [],
        [threading.Thread(target=lambda: answers.append(server.invoke("sleep 0.8")[2])) for _ in range(2)],
    )
    start = time.monotonic()
    for thread in threads:
        thread.start()
    time.sleep(0.2)
    asked = time.monotonic()
    assert server.ping() == 200 and time.monotonic() - asked < 0.3
    for thread in threads:
        thread.join()
    assert len(set(answers)) == 2 and time.monotonic() - start < 1.5


def _spread(server) -> set[bytes]:
    found: set[bytes] = set()
    threads = [threading.Thread(target=lambda: found.add(server.invoke("sleep 0.1")[2])) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return found


@pytest.mark.parametrize("how", ["die", "exit"])
def test_a_worker_that_dies_is_replaced_and_its_client_told(serve, how):
    server = serve(CODE)
    before = server.invoke("pid")[2]
    status, _, body = server.invoke(how)
    assert (status, body) == (500, b"the worker process died while it answered this request\n")
    wait_until(lambda: server.ping() == 200, "a new worker")
    assert server.invoke("pid")[2] not in (before, b"")
    assert ("killed by SIGKILL" if how == "die" else "exit code 1") in server.log


def test_a_worker_killed_while_idle_is_replaced(serve):
    server = serve(CODE)
    before = int(server.invoke("pid")[2])
    os.kill(before, signal.SIGKILL)
    wait_until(lambda: server.workers() and before not in server.workers() and server.ping() == 200, "a new worker")
    assert int(server.invoke("pid")[2]) != before


def test_a_request_that_overruns_is_ended(serve):
    server = serve(CODE, SAGEMAKER_MODEL_SERVER_TIMEOUT="1")
    start = time.monotonic()
    status, _, body = server.invoke("sleep 30")
    assert status == 504 and b"no answer within SAGEMAKER_MODEL_SERVER_TIMEOUT (1 s)" in body
    assert time.monotonic() - start < 3
    wait_until(lambda: server.ping() == 200, "a new worker")
    assert server.invoke("pid")[0] == 200


def test_sigterm_finishes_what_was_asked(serve):
    server = serve(CODE)
    answers: list = []
    threads = [threading.Thread(target=lambda: answers.append(server.invoke("sleep 0.5")[:1])) for _ in range(3)]
    for thread in threads:
        thread.start()
    idle = server.connect()
    assert server.request("GET", "/ping", connection=idle)[0] == 200
    time.sleep(0.2)
    os.killpg(server.process.pid, signal.SIGTERM)  # The whole group, as some engines do.
    for thread in threads:
        thread.join()
    assert answers == [(200,)] * 3
    assert server.process.wait(5) == 0
    assert server.ping() is None


def test_sigterm_gives_up_after_its_grace(serve):
    server = serve(CODE, SAGEBRUSH_GRACE_SECONDS="1")
    thread = threading.Thread(target=lambda: pytest.raises(OSError, server.invoke, "sleep 30"))
    thread.start()
    time.sleep(0.3)
    start = time.monotonic()
    server.process.terminate()
    assert server.process.wait(10) == 0 and time.monotonic() - start < 4
    thread.join()


def test_workers_end_when_the_dispatcher_is_killed(serve):
    server = serve(CODE, SAGEMAKER_MODEL_SERVER_WORKERS="2")
    pids = wait_until(lambda: len(server.workers()) == 2 and server.workers(), "two workers")
    server.process.kill()
    server.process.wait()

    def gone() -> bool:
        return not any(os.path.exists(f"/proc/{pid}") for pid in pids)

    wait_until(gone, "no worker is left")


def test_sigterm_while_a_second_worker_loads_ends_quietly(serve, task):
    # The first worker loads at once, the second is done just when the dispatcher has let go of it.
    loads = f"""
import os, select, sys
root = {str(task.root)!r}
def model_fn(model_dir):
    try:
        os.mkdir(root + '/first')
    except FileExistsError:
        open(root + '/loading', 'w').write(str(os.getpid()))
        hung_up = select.poll()
        hung_up.register(int(sys.argv[1]), select.POLLHUP)
        hung_up.poll()
"""
    server = serve(loads, SAGEMAKER_MODEL_SERVER_WORKERS="2")
    loading = task.root / "loading"
    pid = int(wait_until(lambda: loading.exists() and loading.read_text(), "the second worker loads"))
    server.process.terminate()
    assert server.process.wait(10) == 0
    assert not os.path.exists(f"/proc/{pid}")
    assert "Traceback" not in server.log and "Error" not in server.log


def test_a_large_answer_to_a_client_that_leaves(serve):
    server = serve(CODE)
    connection = server.connect()
    connection.request("POST", "/invocations", "large", {"Content-Type": "text/csv"})
    assert connection.getresponse().read(10) == b"x" * 10
    connection.close()
    assert len(server.invoke("large")[2]) == 20_000_000


def test_workers_by_default_as_many_as_cpus(serve):
    server = serve(CODE, SAGEMAKER_MODEL_SERVER_WORKERS="")
    wait_until(lambda: len(server.workers()) == len(os.sched_getaffinity(0)), "a worker for each CPU")


@pytest.mark.parametrize(
    "name", ["SAGEMAKER_MODEL_SERVER_WORKERS", "SAGEMAKER_MODEL_SERVER_TIMEOUT", "SAGEMAKER_BIND_TO_PORT"]
)
def test_a_setting_that_is_no_number_is_named(serve, name):
    server = serve(CODE, ready=False, **{name: "many"})
    assert server.process.wait(10) == 1
    assert f"{name} must be a whole number above 0, not 'many'" in server.log


@pytest.mark.parametrize("where", ["archive", "staged", "folder", "file-uri", "model", "src"])
def test_code_comes_from(serve, task, tmp_path, where):
    env = {"SAGEMAKER_PROGRAM": "entry.py"}
    path = archive(tmp_path / "sourcedir.tar.gz", [("entry.py", "from helper import *"), ("helper.py", CODE)])
    if where in ("folder", "file-uri"):
        task.write("own/entry.py", "from helper import *")
        task.write("own/helper.py", CODE)
        env["SAGEMAKER_SUBMIT_DIRECTORY"] = ("file://" if where == "file-uri" else "") + str(task.root / "own")
    elif where == "archive":
        env["SAGEMAKER_SUBMIT_DIRECTORY"] = path
    elif where == "staged":
        env |= {"SAGEMAKER_SUBMIT_DIRECTORY": "s3://bucket/key/sourcedir.tar.gz", "SAGEBRUSH_SUBMIT_ARCHIVE": path}
    else:
        env["SAGEMAKER_PROGRAM"] = "src/entry.py" if where == "src" else "entry.py"
        task.write("model/code/" + env["SAGEMAKER_PROGRAM"], "from helper import *")
        task.write("model/code/helper.py", CODE)
    server = serve(None, **env)
    folder = {"folder": "own", "file-uri": "own", "model": "model/code", "src": "model/code"}.get(where, "code")
    assert server.invoke("cwd")[2].decode() == str(task.root / folder)


def test_a_program_that_is_not_there_is_named(serve, task):
    server = serve(CODE, ready=False, SAGEMAKER_PROGRAM="other.py")
    assert server.process.wait(20) == 1
    assert f"{task.root}/model/code/other.py" in server.log


def test_requirements_of_the_model_are_installed_first(serve, task, tmp_path):
    from test_requirements import wheel

    wheel(tmp_path, "sbtestserve", "1.0")
    task.write("model/code/requirements.txt", "sbtestserve==1.0\n")
    env = {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(tmp_path), "SAGEBRUSH_PIP_TARGET": str(tmp_path / "packages")}
    server = serve("import sbtestserve\n" + CODE, **env)
    assert server.invoke("pid")[0] == 200


def test_requirements_that_fail_end_the_server(serve, task):
    task.write("model/code/requirements.txt", "sbtest-no-such==1\n")
    server = serve(CODE, ready=False, PIP_NO_INDEX="1")
    assert server.process.wait(30) == 1
    assert "No matching distribution found for sbtest-no-such==1" in server.log


def test_multi_model_is_refused(serve):
    server = serve(CODE, ready=False, SAGEMAKER_MULTI_MODEL="true")
    assert server.process.wait(10) == 1
    assert "SAGEMAKER_MULTI_MODEL: this server holds one model" in server.log


def test_threads_of_numeric_libraries_are_shared_out(serve):
    code = CODE.replace("return str(pid)", "return os.environ['OMP_NUM_THREADS']")
    cpus = len(os.sched_getaffinity(0))
    assert serve(code, SAGEMAKER_MODEL_SERVER_WORKERS="1").invoke("x")[2] == str(cpus).encode()
