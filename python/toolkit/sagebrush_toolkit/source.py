"""Brings the user's code into the code folder: a folder, an archive, or an archive in S3."""

from __future__ import annotations

import os

from .task import INFO, TaskError, log

COPY_BYTES = 1 << 20


def fetch(uri: str, code_dir: str, staged: str | None = None) -> None:
    """Fills `code_dir` from `uri` (s3://…, file://…, a folder or a .tar.gz).

    `staged` is an archive that the engine has already brought for an s3:// `uri`. As with AWS's
    toolkit a code folder that has something in it (an image's own) is left as it is.
    """
    if uri.startswith("file://"):
        uri = uri[len("file://") :]
    os.makedirs(code_dir, exist_ok=True)
    if os.path.realpath(uri) == os.path.realpath(code_dir):
        return
    if os.listdir(code_dir):
        log(INFO, f"{code_dir} is not empty: its code is used, not {uri}")
        return
    if uri.startswith("s3://"):
        if staged:
            unpack(staged, code_dir, uri)
        else:
            _unpack_from_s3(uri, code_dir)
    elif os.path.isdir(uri):
        import shutil

        shutil.copytree(uri, code_dir, symlinks=True, dirs_exist_ok=True)
    elif os.path.isfile(uri):
        unpack(uri, code_dir, uri)
    else:
        raise TaskError(f"the source {uri} is neither s3://, nor a folder or an archive that exists")


def _unpack_from_s3(uri: str, code_dir: str) -> None:
    import tempfile

    from .s3 import download

    with tempfile.NamedTemporaryFile(suffix=".tar.gz") as file:
        download(uri, file)
        unpack(file.name, code_dir, uri)


def unpack(archive: str, folder: str, told_as: str) -> None:
    """Unpacks a tar archive (gzip, bzip2, xz or plain), or refuses it as a whole.

    Every member is checked before the first byte is written. AWS's toolkit renames or skips bad
    members and goes on; a bundle that reaches out of its folder is no accident, so we say so.
    """
    import tarfile
    import zlib

    try:
        with tarfile.open(archive) as tar:
            members = tar.getmembers()
            for member in members:
                _check(member, told_as)
            root = os.path.realpath(folder)
            for member in members:
                _write(tar, member, root, told_as)
    except FileNotFoundError as error:
        raise TaskError(f"{told_as}: {archive} does not exist") from error
    except (tarfile.TarError, EOFError, zlib.error) as error:
        raise TaskError(f"{told_as} is not a whole tar archive: {error}") from error


def _check(member: object, told_as: str) -> None:
    name = member.name
    if name.startswith("/") or ".." in name.split("/"):
        raise _refused(told_as, name, "its name leads out of the folder")
    if member.issym() or member.islnk():
        base = os.path.dirname(name) if member.issym() else ""
        target = os.path.normpath(os.path.join(base, member.linkname))
        if os.path.isabs(target) or target.split("/")[0] == "..":
            raise _refused(told_as, name, f"it links to {member.linkname}, out of the folder")
    elif not (member.isreg() or member.isdir()):
        raise _refused(told_as, name, "it is a device, a pipe or another special file")


def _write(tar: object, member: object, root: str, told_as: str) -> None:
    path = os.path.join(root, os.path.normpath(member.name))
    # Links inside the archive may chain to a place that none of them names: ask the file system.
    parent = os.path.realpath(os.path.dirname(path) if path != root else path)
    if parent != root and not parent.startswith(root + os.sep):
        raise _refused(told_as, member.name, "a link before it leads out of the folder")
    if member.isdir():
        os.makedirs(path, exist_ok=True)
        return
    os.makedirs(parent, exist_ok=True)
    if os.path.lexists(path) and not os.path.isdir(path):
        os.unlink(path)
    if member.issym():
        target = os.path.realpath(os.path.join(parent, member.linkname))
        if target != root and not target.startswith(root + os.sep):
            raise _refused(told_as, member.name, f"it links to {member.linkname}, out of the folder")
        os.symlink(member.linkname, path)
        return
    # A hard link becomes a copy of its target: nothing shares bytes behind the user's back.
    with open(path, "xb") as file:
        content = tar.extractfile(member)
        while content and (data := content.read(COPY_BYTES)):
            file.write(data)
    os.chmod(path, (member.mode & 0o777) | 0o600)


def _refused(told_as: str, name: str, why: str) -> TaskError:
    return TaskError(f"{told_as} is refused: member {name!r}: {why}")
