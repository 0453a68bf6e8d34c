"""Installs requirements.txt, and the user's own package, before user code runs."""

from __future__ import annotations

import os
import sys

from . import process
from .task import INFO, TaskError, called_process_failure, log

FILE = "requirements.txt"


def install(code_dir: str, env: dict[str, str], is_package: bool = False) -> None:
    """Runs the environment's pip in `code_dir` with `env`, unless all is there already.

    SAGEBRUSH_PIP_TARGET names the folder that receives packages where the environment is shared or
    not ours to write; `env`'s PYTHONPATH must hold it. Raises TaskError with pip's own last words,
    SystemExit when stopped by a signal.
    """
    target = os.environ.get("SAGEBRUSH_PIP_TARGET")
    has_file = os.path.isfile(os.path.join(code_dir, FILE))
    if has_file and not is_package and satisfied(os.path.join(code_dir, FILE), target):
        log(INFO, f"{FILE}: all requirements are already installed")
        return
    python = _overlay(target) if target else sys.executable
    arguments = [python, "-m", "pip", "install"]
    if is_package:
        arguments += ["."]
        if not os.path.isfile(os.path.join(code_dir, "pyproject.toml")) and _can_build(target):
            # setup.py alone needs nothing but setuptools: no fetching of a second one for the build.
            arguments += ["--no-build-isolation"]
    if has_file:
        arguments += ["-r", FILE]
    log(INFO, f"Installing {'module' if is_package else f'dependencies from {FILE}'}")
    # As variables and not as options: an older pip ignores what it does not know, the user's own win.
    quiet = {"PIP_DISABLE_PIP_VERSION_CHECK": "1", "PIP_ROOT_USER_ACTION": "ignore", "PIP_PROGRESS_BAR": "off"}
    ended = process.run(arguments, code_dir, {**quiet, **env})
    if ended.code != 0 and ended.stop_signal:
        raise SystemExit(ended.exit_status)
    if ended.code != 0:
        kind = "InstallModuleError" if is_package else "InstallRequirementsError"
        raise TaskError(called_process_failure(kind, ended.code, _words(ended.tail), " ".join(arguments)))


def packages_of(prefix: str) -> str:
    """The site-packages folder under a prefix."""
    return os.path.join(prefix, "lib", f"python{sys.version_info[0]}.{sys.version_info[1]}", "site-packages")


def _overlay(target: str) -> str:
    """Makes `target` a virtual environment on top of ours and returns its python.

    `pip install --target` would bring every dependency again, in other versions than the managed
    environment's, and `--prefix` would uninstall from an environment that other tasks share. In an
    environment of its own pip sees what is there, adds only what is missing and touches nothing else.
    """
    packages = packages_of(target)
    os.makedirs(packages, exist_ok=True)
    os.makedirs(os.path.join(target, "bin"), exist_ok=True)
    with open(os.path.join(packages, "_sagebrush_parent.pth"), "w") as file:
        file.write("\n".join(_site_packages()) + "\n")
    base = os.path.realpath(sys.executable)
    with open(os.path.join(target, "pyvenv.cfg"), "w") as file:
        file.write(f"home = {os.path.dirname(base)}\ninclude-system-site-packages = false\n")
    python = os.path.join(target, "bin", "python3")
    if not os.path.lexists(python):
        os.symlink(base, python)
    return python


def _words(tail: str) -> str:
    """pip's errors, and what to do where its index was the trouble; at the end, which a limit cuts last."""
    from .pip_trouble import errors, index_trouble

    lines = tail.splitlines()
    trouble = index_trouble(lines)
    return "\n".join([*errors(lines), *([trouble] if trouble else [])])


def satisfied(path: str, target: str | None) -> bool:
    """True when every line is a plain requirement that what is installed meets.

    Anything less plain (options, URLs, markers, extras, wildcards, pre-releases) is for pip.
    """
    wanted = []
    with open(path, encoding="utf-8", errors="replace") as file:
        for line in file:
            line = line.partition(" #")[0].strip()
            if not line or line.startswith("#"):
                continue
            parsed = _parse(line)
            if parsed is None:
                return False
            wanted.append(parsed)
    if not wanted:
        return True
    versions = _installed(target)
    return all(
        name in versions and all(_meets(versions[name], operator, bound) for operator, bound in bounds)
        for name, bounds in wanted
    )


def _parse(line: str) -> tuple[str, list[tuple[str, str]]] | None:
    import re

    match = re.fullmatch(r"([A-Za-z0-9][A-Za-z0-9._-]*)\s*((?:[<>=!~]=|[<>]).*)?", line)
    if not match:
        return None
    bounds = []
    for part in (match[2] or "").split(","):
        if not part.strip():
            continue
        bound = re.fullmatch(r"\s*(==|>=|<=|!=|<|>)\s*(\d+(?:\.\d+)*)\s*", part)
        if not bound:
            return None
        bounds.append((bound[1], bound[2]))
    return _normal(match[1]), bounds


def _normal(name: str) -> str:
    import re

    return re.sub(r"[-_.]+", "-", name).lower()


def _meets(version: str, operator: str, bound: str) -> bool:
    """PEP 440 for plain releases; any other installed version is left to pip's judgement."""
    if not version.replace(".", "").isdigit():
        return False
    have, want = (tuple(int(part) for part in text.split(".")) for text in (version, bound))
    width = max(len(have), len(want))
    have, want = (parts + (0,) * (width - len(parts)) for parts in (have, want))
    return {
        "==": have == want,
        "!=": have != want,
        ">=": have >= want,
        "<=": have <= want,
        ">": have > want,
        "<": have < want,
    }[operator]


def _installed(target: str | None) -> dict[str, str]:
    """Versions by normalized name, from folder names: 30 ms less than importlib.metadata."""
    versions = {}
    for folder in [*([packages_of(target)] if target else []), *_site_packages()]:
        try:
            names = os.listdir(folder)
        except OSError:
            continue
        for name in names:
            if name.endswith(".dist-info") and os.path.isfile(os.path.join(folder, name, "METADATA")):
                package, _, version = name[: -len(".dist-info")].rpartition("-")
                versions.setdefault(_normal(package), version)
    return versions


def _site_packages() -> list[str]:
    """Where the environment's own packages are; `-S` left them out of our sys.path."""
    prefix = os.path.dirname(os.path.dirname(sys.executable))
    if os.path.isfile(os.path.join(prefix, "pyvenv.cfg")):
        return [packages_of(prefix)]
    import site

    return site.getsitepackages([sys.prefix, sys.exec_prefix])


def _can_build(target: str | None) -> bool:
    """Whether the environment's setuptools makes wheels: by itself from 70.1 on, else with wheel."""
    versions = _installed(target)
    major = versions.get("setuptools", "").partition(".")[0]
    return major.isdigit() and (int(major) > 70 or "wheel" in versions)
