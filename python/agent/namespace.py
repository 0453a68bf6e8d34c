"""
What a task sees: the machine read-only, with its own /opt/ml, /tmp, /dev, /proc, /run and home, and without the
server's folders. Runs in the task's first process, in its new namespaces, before the command. Nothing that is mounted
here is seen outside, and all of it goes with the last process of the namespace.
"""
import os

import syscalls
from syscalls import MS_NODEV, MS_NOEXEC, MS_NOSUID, MS_PRIVATE, MS_REC

RUN = '/run/sagebrush'
_DEVICES = ('null', 'zero', 'full', 'random', 'urandom', 'tty')
_ACCELERATORS = ('nvidia', 'kfd', 'dri', 'infiniband', 'accel', 'dxg')
_READ_ONLY_PROC = ('sys', 'sysrq-trigger', 'irq', 'bus', 'fs')


def join_user_namespace(uid, gid):
    """Maps the own user to itself: capabilities are there until the command's exec and then gone."""
    for name, text in (('setgroups', 'deny'), ('uid_map', '%d %d 1' % (uid, uid)), ('gid_map', '%d %d 1' % (gid, gid))):
        with open('/proc/self/' + name, 'w') as file:
            file.write(text)


def mount_overlay(lower, folder, target, user):
    """Shows `lower` at `target`; what is written there stays under `folder`."""
    for name in ('upper', 'work'):
        os.makedirs(os.path.join(folder, name), exist_ok=True)
    # The paths go in as open descriptors: a colon or a comma in a path would be taken for the options' own.
    opened = [os.open(path, os.O_PATH) for path in (lower, os.path.join(folder, 'upper'), os.path.join(folder, 'work'))]
    try:
        # volatile: leaving must not write back the whole disk's dirty pages; the view is thrown away.
        options = 'lowerdir=/proc/self/fd/%d,upperdir=/proc/self/fd/%d,workdir=/proc/self/fd/%d,volatile' % tuple(opened)
        syscalls.mount('overlay', target, 'overlay', 0, options + (',userxattr' if user else ''))
    finally:
        for descriptor in opened:
            os.close(descriptor)


def is_under(path, folder):
    return path == folder or path.startswith(folder.rstrip('/') + '/')


def aliases(path):
    """Other places where mounts show `path` or a part of it (bind mounts of the same file system)."""
    mounts = []
    with open('/proc/self/mountinfo', encoding='utf-8', errors='surrogateescape') as file:
        for line in file:
            fields = line.split(' ')
            root, point = (_unescape(field) for field in fields[3:5])
            mounts.append((fields[2], root, point))
    holder = max((m for m in mounts if is_under(path, m[2])), key=lambda m: len(m[2]), default=None)
    if holder is None:
        return []
    inner = os.path.normpath(os.path.join(holder[1], os.path.relpath(path, holder[2])))
    found = []
    for device, root, point in mounts:
        if device != holder[0] or is_under(point, path):
            continue
        if is_under(inner, root):
            found.append(os.path.normpath(os.path.join(point, os.path.relpath(inner, root))))
        elif is_under(root, inner):
            found.append(point)
    return [other for other in found if other != path and os.path.lexists(other)]


def _unescape(field):
    return field.replace('\\040', ' ').replace('\\011', '\t').replace('\\012', '\n').replace('\\134', '\\')


def _mount_point(path, folder):
    if os.path.lexists(path):
        return
    os.makedirs(path if folder else os.path.dirname(path), exist_ok=True)
    if not folder:
        os.close(os.open(path, os.O_CREAT | os.O_WRONLY, 0o644))


def _cover(path, mode='0755'):
    syscalls.mount('tmpfs', path, 'tmpfs', MS_NOSUID | MS_NODEV, 'mode=' + mode)


def _cover_opt():
    """Makes room for /opt/ml where the machine has none: a tmpfs on /opt that shows what was there."""
    shown = []
    for entry in os.scandir('/opt'):
        if entry.is_symlink():
            shown.append((entry.path, None, os.readlink(entry.path)))
        elif entry.is_dir() or entry.is_file():
            shown.append((entry.path, syscalls.detach_copy(entry.path, True), entry.is_dir()))
    _cover('/opt')
    for path, copy, more in shown:
        if copy is None:
            os.symlink(more, path)
        else:
            _mount_point(path, more)
            syscalls.attach(copy, path)
    os.mkdir('/opt/ml')


def _dev():
    kept = [name for name in _DEVICES if os.path.exists('/dev/' + name)]
    kept += [name for name in os.listdir('/dev') if name.startswith(_ACCELERATORS)]
    copies = [(name, os.path.isdir('/dev/' + name), syscalls.detach_copy('/dev/' + name, True)) for name in kept]
    # No nosuid-nodev here: the nodes are binds of the machine's, which must stay devices.
    syscalls.mount('tmpfs', '/dev', 'tmpfs', MS_NOSUID, 'mode=0755')
    for name, folder, copy in copies:
        _mount_point('/dev/' + name, folder)
        syscalls.attach(copy, '/dev/' + name)
    for name in ('shm', 'pts'):
        os.mkdir('/dev/' + name)
    syscalls.mount('tmpfs', '/dev/shm', 'tmpfs', MS_NOSUID | MS_NODEV, 'mode=1777')
    syscalls.mount('devpts', '/dev/pts', 'devpts', MS_NOSUID | MS_NOEXEC, 'newinstance,ptmxmode=0666,mode=0620')
    for name, target in (('ptmx', 'pts/ptmx'), ('fd', '/proc/self/fd'), ('stdin', '/proc/self/fd/0'),
                         ('stdout', '/proc/self/fd/1'), ('stderr', '/proc/self/fd/2')):
        os.symlink(target, '/dev/' + name)
    syscalls.make_read_only('/dev')


def _proc(root):
    syscalls.mount('proc', '/proc', 'proc', MS_NOSUID | MS_NODEV | MS_NOEXEC)
    if not root:
        return
    # Root without any capability may still write here (core_pattern runs a program as root, outside).
    for name in _READ_ONLY_PROC:
        path = '/proc/' + name
        if os.path.exists(path):
            syscalls.attach(syscalls.detach_copy(path), path)
            syscalls.make_read_only(path)


def build(plan, task):
    """`plan` is what the server sent, `task` the task's folder. Raises OSError."""
    user = plan['namespaces'] == 'user'
    syscalls.mount(None, '/', None, MS_REC | MS_PRIVATE)
    for view in plan['views']:
        mount_overlay(view['lower'], view['folder'], view['target'], user)
    placed = _copies(plan, task, user)

    hidden = [other for path in plan['hide'] for other in [path] + aliases(path)]
    blank = [syscalls.detach_copy(os.path.join(task, 'blank')) for path in hidden if os.path.isfile(path)]
    resolver = os.path.realpath('/etc/resolv.conf')
    copies = [(syscalls.detach_copy(path), path) for path in [resolver, '/run/nvidia-persistenced']
              if is_under(path, '/run') and os.path.exists(path)]
    syscalls.make_read_only('/', True)
    if not os.path.isdir('/opt/ml'):
        _cover_opt()
    _cover('/run')
    for copy, path in copies:
        _mount_point(path, os.path.isdir('/proc/self/fd/%d' % copy))
        syscalls.attach(copy, path)
        syscalls.make_read_only(path)
    for name in ('ml', 'tmp', 'home', 'socket', 'hosts'):
        for copy, path in placed.pop(name, ()):
            _mount_point(path, name != 'hosts')
            syscalls.attach(copy, path)
    covered = _hide(hidden, blank)
    for copy, path, writable in placed['shown']:
        if not writable and os.path.lexists(path):
            os.close(copy)
            continue
        _mount_point(path, os.path.isdir('/proc/self/fd/%d' % copy))
        syscalls.attach(copy, path)
        if not writable:
            syscalls.make_read_only(path)
    for path in covered:
        syscalls.make_read_only(path)
    _dev()
    _proc(not user)
    syscalls.set_host_name(plan['host'])


def _copies(plan, task, user):
    """Copies of all that the task shall see, taken before anything is covered."""
    def inside(name):
        return os.path.join(task, name)

    placed = {
        'ml': [(syscalls.detach_copy(inside('ml'), True), '/opt/ml')],
        'tmp': [(syscalls.detach_copy(inside('tmp')), path) for path in ('/tmp', '/var/tmp') if os.path.isdir(path)],
        'home': [(syscalls.detach_copy(inside('home')), RUN + '/home')],
        'shown': [],
    }
    if plan.get('socketFolder'):
        placed['socket'] = [(syscalls.detach_copy(plan['socketFolder']), RUN + '/socket')]
    if os.path.exists('/etc/hosts'):
        placed['hosts'] = [(syscalls.detach_copy(inside('hosts')), os.path.realpath('/etc/hosts'))]
    environment = plan['environmentFolder']
    if plan['overlay']:
        os.makedirs(inside('environment/merged'), exist_ok=True)
        mount_overlay(environment, inside('environment'), inside('environment/merged'), user)
        placed['shown'].append((syscalls.detach_copy(inside('environment/merged')), environment, True))
    else:
        placed['shown'].append((syscalls.detach_copy(environment), environment, False))
    for path in plan['show']:
        placed['shown'].append((syscalls.detach_copy(path), path, False))
    for path in plan['showWritable']:
        placed['shown'].append((syscalls.detach_copy(path), path, True))
    return placed


def _hide(paths, blank):
    """Covers folders by an empty tmpfs (returned, to be made read-only at last) and files by an empty file."""
    covered = []
    for path in sorted(set(paths), key=len):
        if os.path.isdir(path) and not os.path.islink(path):
            _cover(path, '0555')
            covered.append(path)
        elif os.path.lexists(path) and not os.path.islink(path):
            syscalls.attach(blank.pop(), path)
            syscalls.make_read_only(path)
    return covered
