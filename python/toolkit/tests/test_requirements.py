"""requirements.txt before user code; packages come from a folder of wheels, so no network is used."""

from __future__ import annotations

import base64
import hashlib
import time
import zipfile
from pathlib import Path

import pytest
from sagebrush_toolkit import requirements


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
    task.write("code/requirements.txt", "sbtesta>=1.0,<2\n")
    task.script("import sbtesta")
    task.train()
    start = time.monotonic()
    ended = task.train()
    assert time.monotonic() - start < 0.5
    assert "already installed" in ended.stderr and ended.stdout == ""
    # The same requirements in a task with a target of its own: pip runs again, from its cache.
    task.env["SAGEBRUSH_PIP_TARGET"] = str(tmp_path / "other")
    start = time.monotonic()
    ended = task.train()
    assert "Successfully installed sbtesta-1.0" in ended.stdout
    assert time.monotonic() - start < 1.5


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
    assert task.failure.startswith("InstallRequirementsError:\nExitCode 1\nErrorMessage \"ERROR: Cannot install")
    assert "conflicting dependencies" in task.failure and len(task.failure) <= 1024
    task.write("code/requirements.txt", "sbtest-no-such-package==3\n")
    (task.root / "output/failure").unlink()
    task.train()
    assert "No matching distribution found for sbtest-no-such-package==3" in task.failure


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
