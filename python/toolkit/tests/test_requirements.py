"""requirements.txt before user code; packages come from a folder of wheels, so no network is used."""

from __future__ import annotations

import base64
import hashlib
import os
import signal
import socket
import subprocess
import time
import zipfile
from pathlib import Path

import pytest
from sagebrush_toolkit import pip_trouble, requirements


def wheel(folder: Path, name: str, version: str, needs: str = "") -> None:
    """A pure-Python wheel with one module that knows its version."""
    info = f"{name}-{version}.dist-info"
    requires = f"Requires-Dist: {needs}\n" if needs else ""
    files = {
        f"{name}.py": f"VERSION = {version!r}\n",
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n{requires}",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    record = ""
    for path, text in files.items():
        digest = base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()
        record += f"{path},sha256={digest},{len(text)}\n"
    files[f"{info}/RECORD"] = record + f"{info}/RECORD,,\n"
    with zipfile.ZipFile(folder / f"{name}-{version}-py3-none-any.whl", "w") as archive:
        for path, text in files.items():
            archive.writestr(path, text)


@pytest.fixture
def wheels(task, tmp_path):
    folder = tmp_path / "wheels"
    folder.mkdir()
    wheel(folder, "sbtesta", "1.0")
    wheel(folder, "sbtesta", "2.0")
    wheel(folder, "sbtestb", "1.0", "sbtesta<2")
    wheel(folder, "joblib", "99.0")
    task.env.update(PIP_NO_INDEX="1", PIP_FIND_LINKS=str(folder), SAGEBRUSH_PIP_TARGET=str(tmp_path / "packages"))
    return folder


def test_requirements_are_there_before_the_script_and_streamed(task, wheels):
    task.write("code/requirements.txt", "# comment\nsbtestb==1.0\n")
    task.script("import sbtesta, sbtestb\nprint('versions', sbtesta.VERSION, sbtestb.VERSION)")
    ended = task.train()
    assert ended.returncode == 0, ended.stderr
    assert "Successfully installed sbtesta-1.0 sbtestb-1.0" in ended.stdout
    assert ended.stdout.endswith("versions 1.0 1.0\n")


def test_a_second_run_is_fast(task, wheels, tmp_path):
    """On a busy machine, by the side of what pip takes only to say its version."""

    def timed(action):
        start = time.monotonic()
        return action(), time.monotonic() - start

    task.write("code/requirements.txt", "sbtesta>=1.0,<2\n")
    task.script("import sbtesta")
    task.train()
    _, bare = timed(lambda: subprocess.run([task.python, "-m", "pip", "--version"], stdout=subprocess.DEVNULL))
    ended, took = timed(task.train)
    assert "already installed" in ended.stderr and ended.stdout == ""
    assert took < max(0.5, 2 * bare)
    # The same requirements in a task with a target of its own: pip runs again, from its cache.
    task.env["SAGEBRUSH_PIP_TARGET"] = str(tmp_path / "other")
    ended, took = timed(task.train)
    assert "Successfully installed sbtesta-1.0" in ended.stdout
    assert took < max(1.5, 5 * bare)


def test_an_environment_that_is_shared_is_not_touched(task, wheels, environment):
    """joblib is in the managed environment, which other tasks use at the same time."""
    before = sorted(path.name for path in environment.glob("lib/*/site-packages/*"))
    task.write("code/requirements.txt", "joblib==99.0\n")
    task.script("import joblib, numpy\nprint('joblib', joblib.VERSION, numpy.__name__)")
    assert task.train().stdout.endswith("joblib 99.0 numpy\n")
    assert sorted(path.name for path in environment.glob("lib/*/site-packages/*")) == before
    del task.env["SAGEBRUSH_PIP_TARGET"]
    (task.root / "code/requirements.txt").unlink()
    task.script("import joblib\nprint(joblib.__version__ != '99.0')")
    assert task.train().stdout == "True\n"


def test_what_cannot_be_resolved_is_told_in_pips_words(task, wheels):
    task.write("code/requirements.txt", "sbtestb==1.0\nsbtesta==2.0\n")
    task.script("print('never')")
    ended = task.train()
    assert ended.returncode == 1 and "never" not in ended.stdout
    assert task.failure.startswith('InstallRequirementsError:\nExitCode 1\nErrorMessage "ERROR: Cannot install')
    assert "conflicting dependencies" in task.failure and len(task.failure) <= 970
    task.write("code/requirements.txt", "sbtest-no-such-package==3\n")
    (task.root / "output/failure").unlink()
    task.train()
    assert "No matching distribution found for sbtest-no-such-package==3" in task.failure


def test_an_index_out_of_reach_is_said_with_the_ways_out(task, tmp_path):
    task.env.update(PIP_INDEX_URL="http://127.0.0.1:1/simple", PIP_RETRIES="1", PIP_CONFIG_FILE=os.devnull)
    task.env["SAGEBRUSH_PIP_TARGET"] = str(tmp_path / "packages")
    task.write("code/requirements.txt", "sbtest-any==1\n")
    task.script("print('never')")
    ended = task.train()
    assert "WARNING: Retrying (Retry(" in ended.stderr  # The log has all that pip says.
    assert "Retrying" not in task.failure
    assert 'ErrorMessage "ERROR: Could not find a version that satisfies the requirement sbtest-any==1' in task.failure
    assert f'\nERROR: No matching distribution found for sbtest-any==1\n{pip_trouble.UNREACHABLE}"' in task.failure


RETRYING = (
    "WARNING: Retrying (Retry(total=%d, connect=None, read=None, redirect=None, status=None)) after connection broken "
    "by '%s': /simple/x/"
)
UNTRUSTED = (
    "SSLError(SSLCertVerificationError(1, '[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: self-signed "
    "certificate (_ssl.c:1006)'))"
)
SKIPPED = (
    "Could not fetch URL https://localhost/simple/x/: There was a problem confirming the ssl certificate: "
    "[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: self-signed certificate (_ssl.c:1006) - skipping"
)
NONE = ["ERROR: Could not find a version that satisfies the requirement x (from versions: none)"]


@pytest.mark.parametrize(
    ("lines", "sentence"),
    [
        # As pip 23.2 and pip 26.3 write it.
        ([RETRYING % (0, "NewConnectionError('Failed to establish a new connection')"), *NONE], "UNREACHABLE"),
        ([RETRYING % (0, 'NameResolutionError("Failed to resolve")'), *NONE], "UNREACHABLE"),
        ([RETRYING % (0, UNTRUSTED), SKIPPED, *NONE], "UNTRUSTED"),
        (["ERROR: Could not install packages due to an OSError: Max retries exceeded with url: /x"], "UNREACHABLE"),
        # One that came through at the second try.
        ([RETRYING % (4, "ProtocolError('Connection aborted.')"), *NONE], None),
        (NONE, None),
    ],
)
def test_what_pip_says_of_its_index_is_understood(lines, sentence):
    assert pip_trouble.index_trouble(lines) == (sentence and getattr(pip_trouble, sentence))
    assert pip_trouble.errors(lines) == lines[-1:]


@pytest.mark.parametrize(
    ("line", "met"),
    [
        ("Foo_Bar", True),
        ("foo.bar==1.10", True),
        ("foo-bar == 1.10.0", True),
        ("foo-bar>=1.9,<2", True),
        ("foo-bar>1.10", False),
        ("foo-bar!=1.10", False),
        ("foo-bar<=1.9", False),
        ("foo-bar~=1.10", False),  # Left to pip, as all below.
        ("foo-bar==1.*", False),
        ("foo-bar[extra]", False),
        ("foo-bar; python_version > '3'", False),
        ("foo-bar @ file:///x", False),
        ("--no-binary :all:", False),
        ("-r other.txt", False),
        ("missing", False),
        ("pre-release>=1", False),
        ("", True),
        ("foo-bar  # why", True),
    ],
)
def test_only_plain_requirements_are_judged_without_pip(tmp_path, monkeypatch, line, met):
    monkeypatch.setattr(requirements, "_installed", lambda _: {"foo-bar": "1.10", "pre-release": "2.0rc1"})
    (tmp_path / "requirements.txt").write_text(line + "\n")
    assert requirements.satisfied(str(tmp_path / "requirements.txt"), None) is met


@pytest.mark.parametrize(
    ("installed", "can"),
    [
        ({"setuptools": "71.0.0"}, True),
        ({"setuptools": "70.0.0"}, False),  # 70.1 could; that much is not looked at.
        ({"setuptools": "70.0.0", "wheel": "0.43.0"}, True),
        ({"wheel": "0.43.0"}, False),
        ({}, False),
    ],
)
def test_a_package_is_built_without_isolation_only_where_setuptools_makes_wheels(monkeypatch, installed, can):
    monkeypatch.setattr(requirements, "_installed", lambda _: installed)
    assert requirements._can_build(None) is can


def test_a_stop_while_packages_are_installed_is_no_failure(task, tmp_path):
    """The index answers nothing: pip waits for it until it is stopped."""
    with socket.socket() as index:
        index.bind(("127.0.0.1", 0))
        index.listen()
        task.env["PIP_INDEX_URL"] = f"http://127.0.0.1:{index.getsockname()[1]}/simple"
        task.env["SAGEBRUSH_PIP_TARGET"] = str(tmp_path / "packages")
        task.write("code/requirements.txt", "sbtest-any==1\n")
        task.script("print('never')")
        process = task.start()
        index.settimeout(30)
        asked, _ = index.accept()
        process.terminate()
        out, _ = process.communicate(timeout=20)
        asked.close()
    assert process.returncode == 128 + signal.SIGTERM and b"never" not in out
    assert not (task.root / "output/failure").exists()
