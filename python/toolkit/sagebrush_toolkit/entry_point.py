"""Finds the user's program in the code folder and says how it is started."""

from __future__ import annotations

import os

from .report import TaskError

LISTED_NAMES = 20


class EntryPoint:
    """A program to run: `argv` in the code folder; `is_package` asks for `pip install .` first."""

    def __init__(self, argv: list[str], is_package: bool = False, is_shell: bool = False) -> None:
        self.argv = argv
        self.is_package = is_package
        self.is_shell = is_shell


def resolve(code_dir: str, program: str | None, python: str, arguments: list[str]) -> EntryPoint:
    """Chooses by name and by what lies beside it, as AWS's toolkit does.

    `.sh` is a command; a folder with setup.py is a package run by `-m`; `.py` is a script; anything
    else is a command. One step further than AWS: a folder with only pyproject.toml is a package too,
    when the program is not a file in it.
    """
    if not program:
        raise TaskError(
            "no entry point: set the hyperparameter sagemaker_program (SAGEMAKER_PROGRAM) to the script's name"
        )
    _check_name(program)
    path = os.path.join(code_dir, program)
    if not program.endswith(".sh") and _is_package(code_dir, path):
        module = (program[:-3] if program.endswith(".py") else program).replace("/", ".")
        return EntryPoint([python, "-m", module, *arguments], is_package=True)
    if not os.path.isfile(path):
        raise TaskError(f"entry point {program} is not in {code_dir}; {listing(code_dir)}")
    if os.path.commonpath([os.path.realpath(code_dir), os.path.realpath(path)]) != os.path.realpath(code_dir):
        raise TaskError(f"entry point {program} is a link that leads out of {code_dir}")
    if program.endswith(".py"):
        return EntryPoint([python, program, *arguments])
    return EntryPoint([*_interpreter(path), program, *arguments], is_shell=True)


def _check_name(program: str) -> None:
    parts = program.split("/")
    if program.startswith(("-", "/")) or ".." in parts or "\0" in program:
        raise TaskError(
            f"entry point {program!r} must be a path inside the source folder, "
            "without '..' and not starting with '-' or '/'"
        )


def _is_package(code_dir: str, path: str) -> bool:
    if os.path.isfile(os.path.join(code_dir, "setup.py")):
        return True
    return os.path.isfile(os.path.join(code_dir, "pyproject.toml")) and not os.path.isfile(path)


def _interpreter(path: str) -> list[str]:
    """The interpreter that the file's first line names when it is there; else bash; else sh."""
    with open(path, "rb") as file:
        first = file.readline(256)
    if first.startswith(b"#!"):
        words = first[2:].decode("utf-8", "replace").split(None, 1)
        if words and os.access(words[0], os.X_OK):
            return [word.strip() for word in words]
    elif first.startswith(b"\x7fELF"):
        os.chmod(path, 0o755)
        return ["/usr/bin/env"]
    return ["/bin/bash" if os.access("/bin/bash", os.X_OK) else "/bin/sh"]


def listing(folder: str) -> str:
    """Tells what is in a folder, for an error about what is not."""
    try:
        names = sorted(os.listdir(folder))
    except OSError as error:
        return f"it cannot be listed: {error.strerror}"
    if not names:
        return "it is empty"
    shown = [name + "/" if os.path.isdir(os.path.join(folder, name)) else name for name in names[:LISTED_NAMES]]
    more = f" and {len(names) - LISTED_NAMES} more" if len(names) > LISTED_NAMES else ""
    return f"it has: {', '.join(shown)}{more}"
