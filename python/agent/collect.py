"""
Archives a task's outputs: tar and gzip, MD5 taken on the way. Each MiB is deflated at level 1 (the fastest) or, where
that saves less than a tenth, stored as it is: trained weights hardly shrink, and storing takes a fourth of the time. Links are
stored, never followed; what cannot be stored is told. While the task runs, what changes under the reader is left out: the
next archive has it.
"""
import errno
import hashlib
import itertools
import os
import shutil
import stat
import struct
import tarfile
import tempfile
import zlib

_CHUNK = 1 << 20
_SAMPLE = 1 << 14
# More names than that of one folder come in the order in which they lie there, not held in memory to be sorted.
_MOST_SORTED = 100000
# What lies deeper is left out: each level takes a frame of Python's stack and an open folder.
_MOST_LEVELS = 400
# More problems than that are counted, not told.
_MOST_PROBLEMS = 20


class _Sink:
    """What tarfile writes to: compresses into one gzip member, digests, counts."""

    def __init__(self, file):
        self._file = file
        self._waiting = bytearray()
        self._crc = 0
        self._length = 0
        self.digest = hashlib.md5(usedforsecurity=False)
        self.size = 0
        self._put(b'\x1f\x8b\x08\x00\x00\x00\x00\x00\x04\xff')

    def tell(self):
        return 0  # tarfile asks once, at its start

    def write(self, data):
        self._waiting += data
        if len(self._waiting) >= _CHUNK:
            self._pack()
        return len(data)

    def finish(self):
        self._pack()
        self._put(b'\x03\x00')  # an empty last block
        self._put(struct.pack('<II', self._crc, self._length & 0xFFFFFFFF))

    def _pack(self):
        data = bytes(self._waiting)
        self._waiting.clear()
        sample = data[len(data) // 2:][:_SAMPLE]
        shrinks = len(zlib.compress(sample, 1)) < len(sample) * 0.9
        # A full flush ends at a byte and looks back at nothing, so pieces of any level follow each other.
        piece = zlib.compressobj(1 if shrinks else 0, zlib.DEFLATED, -15)
        self._put(piece.compress(data))
        self._put(piece.flush(zlib.Z_FULL_FLUSH))
        self._crc = zlib.crc32(data, self._crc)
        self._length += len(data)

    def _put(self, data):
        self._file.write(data)
        self.digest.update(data)
        self.size += len(data)


class _Archive(tarfile.TarFile):
    """Keeps nothing of the members that it has written: a task may leave millions."""

    def addfile(self, tarinfo, fileobj=None):
        super().addfile(tarinfo, fileobj)
        self.members.clear()


class Problems:
    """What could not be stored, a sentence each; of many the first, and how many more."""

    def __init__(self):
        self._told = []
        self._more = 0

    def add(self, text):
        if len(self._told) < _MOST_PROBLEMS:
            self._told.append(text)
        else:
            self._more += 1

    def told(self):
        return self._told + (['and %d more' % self._more] if self._more else [])


def open_folder(root, path):
    """A descriptor of `path` below `root`, no link followed on the way; None where it is not there."""
    descriptor = os.open(root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    for part in path.strip('/').split('/'):
        if part:
            try:
                below = os.open(part, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=descriptor)
            except FileNotFoundError:
                os.close(descriptor)
                return None
            os.close(descriptor)
            descriptor = below
    return descriptor


def collect(root, path, inside, target, scratch=None):
    """
    Archives the folder `path` below `root` into the file `target`. `inside`: what the task calls that folder, for
    links that name it. `scratch`: where files of a task that still runs are copied first. Returns the archive's size in
    bytes, its MD5, what went wrong, and how many members it has.
    """
    try:
        folder = open_folder(root, path)
    except NotADirectoryError as error:
        raise OSError(error.errno, '%s is a link or a file where a folder was' % inside) from error
    problems = Problems()
    count = 0
    try:
        with open(target, 'wb') as file:
            sink = _Sink(file)
            tar = _Archive.open(fileobj=sink, mode='w', format=tarfile.PAX_FORMAT)
            if folder is not None:
                count = _add(tar, folder, '', inside, problems, {} if scratch is None else None, scratch)
            tar.close()
            sink.finish()
    finally:
        if folder is not None:
            os.close(folder)
    return sink.size, sink.digest.hexdigest(), problems.told(), count


def _add(tar, folder, prefix, inside, problems, seen, scratch):
    count = 0
    for name in _names(folder):
        path = prefix + name
        try:
            count += _add_one(tar, folder, name, path, inside, problems, seen, scratch)
        except FileNotFoundError:
            continue
        except NotADirectoryError:
            if scratch is None:
                raise
        except PermissionError as error:
            problems.add('"%s" could not be read: %s' % (path, error.strerror))
    return count


def _names(folder):
    with os.scandir(folder) as entries:
        first = [entry.name for entry in itertools.islice(entries, _MOST_SORTED)]
        if len(first) == _MOST_SORTED:
            yield from first
            for entry in entries:
                yield entry.name
            return
    yield from sorted(first)


def _add_one(tar, folder, name, path, inside, problems, seen, scratch):
    found = os.stat(name, dir_fd=folder, follow_symlinks=False)
    info = tarfile.TarInfo(path)
    info.mtime = int(found.st_mtime)
    info.mode = stat.S_IMODE(found.st_mode)
    if stat.S_ISDIR(found.st_mode) and path.count('/') >= _MOST_LEVELS:
        problems.add('what lies more than %d folders deep is left out: "%s"' % (_MOST_LEVELS, path[:200] + '…'))
        return 0
    if stat.S_ISDIR(found.st_mode):
        below = os.open(name, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=folder)
        try:
            info.type = tarfile.DIRTYPE
            tar.addfile(info)
            return 1 + _add(tar, below, path + '/', inside, problems, seen, scratch)
        finally:
            os.close(below)
    if stat.S_ISLNK(found.st_mode):
        info.type = tarfile.SYMTYPE
        target = _link_within(os.readlink(name, dir_fd=folder), path, inside)
        if target is None:
            problems.add('"%s" is a link that leaves the folder: left out' % path)
            return 0
        info.linkname = target
        tar.addfile(info)
        return 1
    if not stat.S_ISREG(found.st_mode):
        problems.add('"%s" is neither a file nor a folder: left out' % path)
        return 0
    if scratch is not None:
        return _add_copy(tar, folder, name, info, scratch)
    if found.st_nlink > 1:
        key = (found.st_dev, found.st_ino)
        if key in seen:
            info.type, info.linkname = tarfile.LNKTYPE, seen[key]
            tar.addfile(info)
            return 1
        seen[key] = path
    with open(os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=folder), 'rb') as file:
        info.size = found.st_size
        tar.addfile(info, file)
    return 1


def _add_copy(tar, folder, name, info, scratch):
    """A file that its task may write to: copied, and stored where it was the same before and after."""
    # Without O_NONBLOCK a FIFO that took the file's place would be waited for.
    flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    try:
        descriptor = os.open(name, flags, dir_fd=folder)
    except OSError as error:
        if error.errno in (errno.ELOOP, errno.ENXIO):
            return 0
        raise
    with open(descriptor, 'rb') as file, tempfile.TemporaryFile(dir=scratch) as copy:
        before = os.fstat(descriptor)
        if not stat.S_ISREG(before.st_mode):
            return 0
        shutil.copyfileobj(file, copy, _CHUNK)
        after = os.fstat(descriptor)
        info.size = copy.tell()
        if (before.st_mtime_ns, before.st_size) != (after.st_mtime_ns, after.st_size) or info.size != after.st_size:
            return 0
        copy.seek(0)
        tar.addfile(info, copy)
        return 1


def _link_within(target, path, inside):
    """The link's target relative to its place, or None where it leaves the folder."""
    here = os.path.dirname(path)
    if target.startswith('/'):
        plain = os.path.normpath(target)
        if plain != inside and not plain.startswith(inside + '/'):
            return None
        return os.path.relpath(plain, os.path.join(inside, here))
    plain = os.path.normpath(os.path.join(here, target))
    return None if plain == '..' or plain.startswith('../') else target


def read_start(root, path, characters):
    """The first characters of a regular file below `root`, or None."""
    try:
        folder = open_folder(root, os.path.dirname(path))
        if folder is None:
            return None
        try:
            descriptor = os.open(os.path.basename(path), os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=folder)
        finally:
            os.close(folder)
        with open(descriptor, 'rb') as file:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                return None
            return file.read(characters * 4).decode(errors='replace')[:characters]
    except OSError:
        return None
