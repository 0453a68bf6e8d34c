"""The few system calls that Python has no function for. Errors are OSError with the call's name."""
import ctypes
import os
import struct

_libc = ctypes.CDLL(None, use_errno=True)
_libc.syscall.restype = ctypes.c_long

# Numbers since Linux 5.1 are the same on every architecture.
_OPEN_TREE, _MOVE_MOUNT, _CLONE3, _MOUNT_SETATTR = 428, 429, 435, 442
_CAPSET_VERSION_3 = 0x20080522
_AT_FDCWD, _AT_EMPTY_PATH, _AT_RECURSIVE = -100, 0x1000, 0x8000

NEWNS, NEWUTS, NEWIPC, NEWUSER, NEWPID = 0x20000, 0x4000000, 0x8000000, 0x10000000, 0x20000000
MS_RDONLY, MS_NOSUID, MS_NODEV, MS_NOEXEC, MS_REC, MS_PRIVATE = 1, 2, 4, 8, 0x4000, 0x40000
_PR_SET_PDEATHSIG, _PR_SET_DUMPABLE, _PR_CAPBSET_DROP, _PR_SET_CHILD_SUBREAPER, _PR_SET_NO_NEW_PRIVS = 1, 4, 24, 36, 38


def _checked(result, what):
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, '%s: %s' % (what, os.strerror(number)))
    return result


def _bytes(path):
    return os.fsencode(path) if path is not None else None


def fork_into(namespaces):
    """Forks; the child is in new namespaces (and the first process where NEWPID is among them). 0 in the child."""
    arguments = struct.pack('=8Q', namespaces, 0, 0, 0, 17, 0, 0, 0)  # 17: SIGCHLD at its end
    return _checked(_libc.syscall(_CLONE3, arguments, ctypes.c_size_t(64)), 'clone3')


def mount(source, target, kind, flags=0, options=None):
    data = options.encode() if options is not None else None
    result = _libc.mount(_bytes(source), _bytes(target), kind.encode() if kind else None, ctypes.c_ulong(flags), data)
    _checked(result, 'mount %s on %s' % (kind or source, target))


def detach_copy(path, recursive=False):
    """A copy of the mount (or of a part of one) at `path`, attached nowhere yet: a descriptor for `attach`."""
    flags = 1 | os.O_CLOEXEC | (_AT_RECURSIVE if recursive else 0)
    return _checked(_libc.syscall(_OPEN_TREE, _AT_FDCWD, _bytes(path), flags), 'open_tree %s' % path)


def attach(descriptor, target):
    result = _libc.syscall(_MOVE_MOUNT, descriptor, b'', _AT_FDCWD, _bytes(target), 4)
    _checked(result, 'move_mount to %s' % target)
    os.close(descriptor)


def make_read_only(path, recursive=False):
    attributes = struct.pack('=4Q', 1, 0, 0, 0)
    flags = _AT_RECURSIVE if recursive else 0
    result = _libc.syscall(_MOUNT_SETATTR, _AT_FDCWD, _bytes(path), flags, attributes, ctypes.c_size_t(32))
    _checked(result, 'mount_setattr %s' % path)


def set_host_name(name):
    encoded = name.encode()
    _checked(_libc.sethostname(encoded, ctypes.c_size_t(len(encoded))), 'sethostname')


def _prctl(option, value, what):
    _checked(_libc.prctl(option, ctypes.c_ulong(value), ctypes.c_ulong(0), ctypes.c_ulong(0), ctypes.c_ulong(0)), what)


def die_with_parent():
    _prctl(_PR_SET_PDEATHSIG, 9, 'PR_SET_PDEATHSIG')


def become_subreaper():
    _prctl(_PR_SET_CHILD_SUBREAPER, 1, 'PR_SET_CHILD_SUBREAPER')


def no_new_privileges():
    _prctl(_PR_SET_NO_NEW_PRIVS, 1, 'PR_SET_NO_NEW_PRIVS')


def keep_only_capabilities(kept):
    """Takes all other capabilities out of the bounding set, so that no later exec brings them back."""
    with open('/proc/sys/kernel/cap_last_cap') as file:
        last = int(file.read())
    for capability in range(last + 1):
        if capability not in kept:
            _prctl(_PR_CAPBSET_DROP, capability, 'PR_CAPBSET_DROP %d' % capability)
    low = sum(1 << capability for capability in kept)
    header = struct.pack('=Ii', _CAPSET_VERSION_3, 0)
    # effective, permitted, inheritable; twice, for the capabilities from 32 up (none of which is kept)
    sets = struct.pack('=6I', low, low, 0, 0, 0, 0)
    _checked(_libc.capset(header, sets), 'capset')
