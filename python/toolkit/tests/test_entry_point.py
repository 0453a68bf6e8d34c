"""Which program runs, and how."""

from __future__ import annotations

import pytest


def test_script_in_a_folder_sees_its_siblings_and_the_root(task):
    task.write("code/src/train.py", "import near, far, os\nprint(near.NAME, far.NAME, os.getcwd())")
    task.write("code/src/near.py", "NAME = 'near'")
    task.write("code/far.py", "NAME = 'far'")
    task.configure({"sagemaker_program": "src/train.py"})
    assert task.train().stdout == f"near far {task.root}/code\n"


def test_shell_script_runs_in_bash_with_the_arguments(task):
    task.script(
        '[[ $1 == --epochs ]] && echo "$2 in $PWD by ${BASH_VERSION:0:1}x with $SM_HP_NAME"',
        "train.sh",
        epochs="3",
        name="a b",
    )
    assert task.train().stdout.startswith(f"3 in {task.root}/code by ")


def test_first_line_of_a_command_is_honoured(task):
    task.script("#!/usr/bin/env python3\nimport sys\nprint('python', sys.argv[1:])", "launch.sh", n="1")
    assert task.train().stdout == "python ['-n', '1']\n"


def test_package_runs_as_a_module(task):
    task.write("code/setup.py", "from setuptools import setup\nsetup(name='mine', version='1.0', packages=['mine'])")
    task.write("code/mine/__init__.py", "")
    task.write("code/mine/train.py", "import sys\nprint(__name__, __package__, sys.argv[1:])")
    task.configure({"sagemaker_program": "mine/train.py", "n": "1"})
    task.env["PIP_NO_INDEX"] = "1"
    task.env["SAGEBRUSH_PIP_TARGET"] = str(task.root / "packages")
    ended = task.train()
    assert ended.returncode == 0, ended.stderr + ended.stdout
    assert ended.stdout.endswith("__main__ mine ['-n', '1']\n")


def test_script_beside_a_pyproject_of_tools_is_a_script(task):
    task.write("code/pyproject.toml", "[tool.ruff]\nline-length = 100\n")
    task.script("print(__name__, __package__)")
    assert task.train().stdout == "__main__ None\n"


def test_program_of_the_environment_serves_an_images_own_code(task):
    task.write("code/train.py", "print('from the image')")
    task.env["SAGEMAKER_PROGRAM"] = "train.py"
    assert task.train().stdout == "from the image\n"


@pytest.mark.parametrize(
    ("program", "message"),
    [
        ("tran.py", "entry point tran.py is not in {root}/code; it has: lib/, train.py"),
        ("../train.py", "entry point '../train.py' must be a path inside the source folder"),
        ("/bin/ls", "entry point '/bin/ls' must be a path inside the source folder"),
        ("-c", "entry point '-c' must be a path inside the source folder"),
        ("link.py", "entry point link.py is a link that leads out of {root}/code"),
        (None, "no entry point: set the hyperparameter sagemaker_program"),
    ],
)
def test_a_wrong_program_is_explained(task, program, message):
    task.write("code/train.py", "")
    (task.root / "code/lib").mkdir()
    if program == "link.py":
        (task.root / "code/link.py").symlink_to("/etc/hostname")
    task.configure({"sagemaker_program": program} if program else {})
    assert task.train().returncode == 1
    assert task.failure.startswith(message.format(root=task.root))
