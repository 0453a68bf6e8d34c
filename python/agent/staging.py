"""
Brings a channel's objects into a folder: hard links that an overlay is laid upon, else reflinks, else copies. The
stored bytes are never written and, where the file system allows, never read either.
"""
import errno
import fcntl
import os
import shutil

_FICLONE = 0x40049409
_PART_BYTES = 255


class Refused(Exception):
    """What the user sent cannot be staged; the text names the object and the way out."""


class Channel:
    """One `objects` input on its way. `link`: hard links, for a lower layer that nobody writes to."""

    def __init__(self, name, folder, spare, link):
        self._name, self._folder, self._spare, self._link = name, folder, spare, link
        self._folders = {''}
        self._substitutes = {}
        os.makedirs(folder, exist_ok=True)

    def take(self, objects):
        """`objects`: lists of name, size in bytes, path of the file that holds the bytes."""
        base = self._folder + '/'
        for name, size, path in objects:
            parent, _, last = name.rpartition('/')
            if parent not in self._folders or not _is_plain(last) or name[0] == '/':
                self._check(name, size)
                if not last:
                    self._make(parent, name)
                    continue
                self._make(parent, name)
            try:
                self._place(self._substitutes.get(path, path), base + name)
            except FileExistsError:
                raise self._clash(name, name) from None

    def _place(self, source, target):
        if not self._link:
            copy_bytes(source, target)
            return
        try:
            os.link(source, target)
        except OSError as error:
            if error.errno == errno.EMLINK:
                # A file has at most some 65,000 names: from here on, name a copy of it.
                os.makedirs(self._spare, exist_ok=True)
                substitute = os.path.join(self._spare, str(len(os.listdir(self._spare))))
                copy_bytes(source, substitute)
                original = next((key for key, value in self._substitutes.items() if value == source), source)
                self._substitutes[original] = substitute
                os.link(substitute, target)
            elif error.errno in (errno.EXDEV, errno.EPERM, errno.EOPNOTSUPP):
                copy_bytes(source, target)
            else:
                raise

    def _make(self, folder, name):
        if folder in self._folders:
            return
        try:
            os.makedirs(os.path.join(self._folder, folder), exist_ok=True)
        except (FileExistsError, NotADirectoryError):
            raise self._clash(folder, name) from None
        while folder and folder not in self._folders:
            self._folders.add(folder)
            folder = folder.rpartition('/')[0]

    def _check(self, name, size):
        parts = name.split('/')
        if parts[-1] == '' and size == 0:
            parts.pop()  # how S3 consoles mark a folder
        if not parts or parts == ['']:
            return
        for part in parts:
            if part in ('', '.', '..'):
                what = 'an empty part' if part == '' else 'the part "%s"' % part
                raise Refused('%s: the object "%s" has %s in its name and cannot be a file: copy it to another key.'
                              % (self._name, name, what))
            if '\0' in part:
                raise Refused('%s: the object "%s" has a zero byte in its name and cannot be a file: copy it to another key.'
                              % (self._name, name.replace('\0', '\\0')))
            if len(os.fsencode(part)) > _PART_BYTES:
                raise Refused('%s: the object "%s" has a part of %d bytes in its name, and a file name has at most 255: '
                              'copy it to a shorter key.' % (self._name, name, len(os.fsencode(part))))

    def _clash(self, path, name):
        if path == name:
            return Refused('%s: the object "%s" is also the folder of others ("%s/…"), and a file cannot be a folder: '
                           'rename one of them.' % (self._name, name, name))
        return Refused('%s: the object "%s" needs a folder where another object is a file: rename one of them.'
                       % (self._name, name))


def _is_plain(part):
    return part not in ('', '.', '..') and len(part) <= 63 and '\0' not in part


def clone_bytes(source, target):
    """A reflink: shares the blocks until one side is written. Raises OSError where the file system has none."""
    with open(source, 'rb') as read, open(target, 'xb') as write:
        try:
            fcntl.ioctl(write.fileno(), _FICLONE, read.fileno())
        except OSError:
            os.unlink(target)
            raise


def copy_bytes(source, target):
    try:
        clone_bytes(source, target)
    except OSError as error:
        if error.errno == errno.EEXIST:
            raise
        with open(source, 'rb') as read, open(target, 'xb') as write:
            shutil.copyfileobj(read, write, 1 << 20)
    os.chmod(target, 0o644)
