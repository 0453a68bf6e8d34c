"""Unpacks an archive that somebody else made: nothing leaves the folder, nothing but files, folders and links."""
import os
import shutil
import tarfile

from staging import Refused


def unpack(archive, folder, label):
    """`label` names the archive in messages. Raises Refused, or OSError where the disk does not take it."""
    os.makedirs(folder, exist_ok=True)
    links = []
    try:
        with tarfile.open(archive, 'r:*') as tar:
            for member in tar:
                _extract(tar, member, folder, label, links)
    except (tarfile.TarError, EOFError, ValueError) as error:
        raise Refused('%s is not a tar archive (gzip or not) that can be read: %s.' % (label, error)) from error
    except OSError as error:
        if error.errno is None:  # gzip's own complaints are OSError too
            raise Refused('%s cannot be unpacked: %s.' % (label, error)) from error
        raise
    except Exception as error:
        if type(error).__module__ in ('zlib', 'lzma', '_lzma'):
            raise Refused('%s cannot be unpacked: %s.' % (label, error)) from error
        raise
    root = os.path.realpath(folder)
    for path, name in links:
        if not _inside(os.path.realpath(path), root):
            raise Refused('%s: the link "%s" leads out of the archive.' % (label, name))


def _inside(path, root):
    return path == root or path.startswith(root + '/')


def _extract(tar, member, folder, label, links):
    parts = [part for part in member.name.split('/') if part not in ('', '.')]
    if member.name.startswith('/') or '..' in parts:
        raise Refused('%s: the member "%s" lies outside of the archive\'s folder.' % (label, member.name))
    target = os.path.join(folder, *parts)
    parent = folder
    for part in parts[:-1]:
        parent = os.path.join(parent, part)
        if os.path.islink(parent):
            raise Refused('%s: the member "%s" lies behind a link.' % (label, member.name))
        if not os.path.isdir(parent):
            os.mkdir(parent)
    if member.isdir():
        if not os.path.isdir(target) or os.path.islink(target):
            _clear(target, folder)
            os.mkdir(target)
        return
    if not parts:
        raise Refused('%s: the member "%s" has no name.' % (label, member.name))
    _clear(target, folder)
    if member.isreg():
        with tar.extractfile(member) as read, open(target, 'xb') as write:
            shutil.copyfileobj(read, write, 1 << 20)
            # No set-user-id or sticky bits; readable and writable by the task.
            os.fchmod(write.fileno(), member.mode & 0o777 | 0o600)
        os.utime(target, (member.mtime, member.mtime))
    elif member.issym():
        if member.linkname.startswith('/'):
            raise Refused('%s: the link "%s" leads out of the archive.' % (label, member.name))
        os.symlink(member.linkname, target)
        links.append((target, member.name))
    elif member.islnk():
        source = [part for part in member.linkname.split('/') if part not in ('', '.')]
        path = os.path.join(folder, *source)
        if member.linkname.startswith('/') or '..' in source or os.path.realpath(path) != os.path.join(
                os.path.realpath(folder), *source) or not os.path.isfile(path):
            raise Refused('%s: the link "%s" leads out of the archive.' % (label, member.name))
        os.link(path, target)
    else:
        raise Refused('%s: the member "%s" is a device or a pipe, which is not unpacked.' % (label, member.name))


def _clear(target, folder):
    """A later member of the same name replaces an earlier file, as tar does."""
    if target != folder and os.path.lexists(target):
        if os.path.isdir(target) and not os.path.islink(target):
            raise IsADirectoryError(21, 'a file where a folder is', target)
        os.unlink(target)
