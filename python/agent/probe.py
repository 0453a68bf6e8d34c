"""
What this machine allows: prints {"namespaces", "namespacesReason", "staging", "stagingReason"}. Argument: a folder on
the disk of the tasks.
"""
import json
import os
import shutil
import sys
import tempfile


def attempt(action, namespaces):
    """Runs `action` in a child in new namespaces. None, or why it failed."""
    import syscalls
    read_end, write_end = os.pipe2(os.O_CLOEXEC)
    try:
        child = syscalls.fork_into(namespaces)
    except OSError as error:
        return error.strerror
    if child == 0:
        try:
            action()
        except BaseException as error:
            os.write(write_end, (getattr(error, 'strerror', None) or str(error)).encode()[:4096])
        finally:
            os._exit(0)
    os.close(write_end)
    with os.fdopen(read_end, 'rb') as file:
        reason = file.read().decode() or None
    os.waitpid(child, 0)
    return reason


def plan_of(folder, kind, overlay):
    return {'namespaces': kind, 'views': [], 'hide': [], 'socketFolder': None, 'overlay': overlay, 'show': [],
            'environmentFolder': os.path.join(folder, 'lower'), 'showWritable': [], 'host': 'probe'}


def probe(root):
    import namespace
    import syscalls
    folder = tempfile.mkdtemp(prefix='.probe-', dir=root)
    try:
        for name in ('ml', 'tmp', 'home', 'lower', 'environment'):
            os.mkdir(os.path.join(folder, name))
        for name in ('hosts', 'blank', 'lower/file'):
            open(os.path.join(folder, name), 'w').close()
        uid, gid = os.getuid(), os.getgid()
        every = syscalls.NEWNS | syscalls.NEWPID | syscalls.NEWIPC | syscalls.NEWUTS
        reasons = []
        for kind in (['root'] if uid == 0 else []) + ['user']:
            def enter(overlay, kind=kind):
                if kind == 'user':
                    namespace.join_user_namespace(uid, gid)
                namespace.build(plan_of(folder, kind, overlay), folder)
                with open('/opt/ml/written', 'w'):
                    pass
            flags = every | (syscalls.NEWUSER if kind == 'user' else 0)
            reason = attempt(lambda: enter(False), flags)
            if reason is None:
                overlay = attempt(lambda: enter(True), flags)
                return dict(staging(folder, overlay), namespaces=kind, namespacesReason='')
            reasons.append('%s namespaces: %s' % (kind, reason))
        return dict(staging(folder, 'it needs namespaces'), namespaces='none', namespacesReason='; '.join(reasons))
    finally:
        for each, names, _ in os.walk(folder):  # an overlay closes its work folder even to its owner
            for name in names:
                os.chmod(os.path.join(each, name), 0o700)
        shutil.rmtree(folder, ignore_errors=True)


def staging(folder, overlay):
    import staging
    if overlay is None:
        return {'staging': 'overlay', 'stagingReason': ''}
    try:
        staging.clone_bytes(os.path.join(folder, 'lower/file'), os.path.join(folder, 'clone'))
        return {'staging': 'reflink', 'stagingReason': 'no overlay: %s' % overlay}
    except OSError as error:
        return {'staging': 'copy', 'stagingReason': 'no overlay: %s; no reflink: %s' % (overlay, error.strerror)}


if __name__ == '__main__':
    print(json.dumps(probe(sys.argv[1])))
