"""
Builds the virtual environment of a managed image, once. Argument: a JSON object {folder, python, requirements, base,
label}; prints JSON lines {"message"} while it works and at last {"ready": true} or {"failed": text}. A message is one
short line for people; pip's own words come with a failure only.
Whoever comes second waits for the first; what was left half-built is built anew.
SIGTERM, SIGINT or SIGHUP ends it with all that it has started; what was half-built is removed.
"""
import ctypes
import fcntl
import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time

READY = 'sagebrush-ready.json'
REFRESH_S = 2.0
PATIENCE_S = 3.0


def tell(**message):
    try:
        sys.stdout.write(json.dumps(message) + '\n')
        sys.stdout.flush()
    except OSError:
        pass  # the server that asked is gone; the next one finds the environment ready


class Failed(Exception):
    pass


class Stopped(BaseException):
    pass


class Stopping:
    """Raises Stopped at the first signal that asks for the end, but never while a program is being started."""

    def __init__(self):
        self._asked = False
        self._held = False
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, self._ask)

    def _ask(self, number, frame):
        if not self._asked:
            self._asked = True
            if not self._held:
                raise Stopped

    def hold(self):
        self._held = True

    def release(self):
        self._held = False
        if self._asked:
            raise Stopped


class Progress:
    """Says what is being done at each change of it and every few seconds: pip is silent for most of its time."""

    def __init__(self, label):
        self._label = label if len(label) <= 40 else label[:39] + '…'
        self._begun = time.monotonic()
        self._doing = 'beginning'
        self._changed = threading.Condition()
        self._ended = False
        self._thread = threading.Thread(target=self._refresh, daemon=True)
        self._thread.start()

    def now(self, doing, at_once=True):
        with self._changed:
            self._doing = doing
            if at_once:
                self._tell()

    def end(self):
        """Nothing is said after it."""
        with self._changed:
            self._ended = True
            self._changed.notify()
        self._thread.join()

    def _refresh(self):
        with self._changed:
            while not self._changed.wait_for(lambda: self._ended, REFRESH_S):
                self._tell()

    def _tell(self):
        tell(message='Making the environment of %s: %s (%d s)'
                     % (self._label, self._doing, time.monotonic() - self._begun))


class PipWatch:
    """Makes of pip's lines what is worth knowing of them."""

    def __init__(self, progress):
        self._progress = progress
        self._found = set()
        progress.now('looking for packages')

    def __call__(self, line):
        word, _, rest = line.strip().partition(' ')
        if word == 'Collecting' and rest:
            self._found.add(rest.split(' ')[0])
            self._progress.now('fetching packages, %d so far' % len(self._found), at_once=len(self._found) == 1)
        elif line.startswith('Installing collected packages:'):
            count = line.count(',') + 1
            self._progress.now('installing %d package%s' % (count, 's' if count > 1 else ''))


def main(order, stopping):
    progress = Progress(order['label'])
    try:
        word = make(order, progress, stopping)
    finally:
        progress.end()
    tell(**word)


def make(order, progress, stopping):
    """The last word: {'ready': True} or {'failed': text}."""
    folder = order['folder']
    os.makedirs(os.path.dirname(folder), exist_ok=True)
    lock = os.open(folder + '.lock', os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        progress.now('waiting for another process that makes it')
        fcntl.flock(lock, fcntl.LOCK_EX)
    marker = os.path.join(folder, READY)
    try:
        if not os.path.exists(marker):
            build(order, folder, progress, stopping)
            with open(marker + '.new', 'w') as file:
                json.dump({'format': 1, 'base': order['base']}, file)
            os.replace(marker + '.new', marker)
        return {'ready': True}
    except Stopped:
        # While the lock is held: whoever comes next builds in the same place. One that is ready may be in use.
        if not os.path.exists(marker):
            shutil.rmtree(folder, ignore_errors=True)
        raise
    except Failed as error:
        return {'failed': str(error)}
    except OSError as error:
        return {'failed': 'The environment %s cannot be made: %s' % (folder, error)}


def build(order, folder, progress, stopping):
    progress.now('preparing Python')
    if os.path.exists(folder):
        shutil.rmtree(folder)
    variables = dict(os.environ)
    variables.pop('PYTHONDONTWRITEBYTECODE', None)  # a read-only environment without bytecode compiles at every start
    run([order['python'], '-m', 'venv', folder], variables, stopping)
    python = os.path.join(folder, 'bin', 'python')
    if order['requirements'].strip():
        path = os.path.join(folder, 'sagebrush-requirements.txt')
        with open(path, 'w') as file:
            file.write(order['requirements'])
        run([python, '-m', 'pip', 'install', '--no-input', '--disable-pip-version-check', '--progress-bar', 'off',
             '-r', path], variables, stopping, PipWatch(progress))


def run(command, variables, stopping, hear=lambda line: None):
    """Runs it, in a session of its own; `hear` gets its lines. Raises Failed with its own words."""
    said = []
    stopping.hold()
    process = subprocess.Popen(command, env=variables, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                               stderr=subprocess.STDOUT, text=True, errors='replace', start_new_session=True,
                               preexec_fn=_die_with_us)
    try:
        stopping.release()
        for line in process.stdout:
            line = line.rstrip()
            if line:
                said = said[-200:] + [line]
                hear(line)
        process.wait()
    except Stopped:
        end_session(process)
        raise
    if process.returncode:
        errors = [line for line in said if line.startswith(('ERROR:', 'error:', 'Error:'))]
        words = errors[-10:] or said[-10:] or ['%s ended with %d' % (command[0], process.returncode)]
        trouble = index_trouble(said)
        raise Failed('\n'.join(([trouble] if trouble else []) + words))


_prctl = getattr(ctypes.CDLL(None), 'prctl', None)
_PR_SET_PDEATHSIG = 1


def _die_with_us():
    """Killed, this program lets go of the lock: what it started must not go on in the folder of whoever takes it."""
    if _prctl:
        _prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def end_session(process):
    """Ends a program with all that it has started: first so that pip removes its temporary folders."""
    for number, patience in ((signal.SIGINT, PATIENCE_S), (signal.SIGKILL, PATIENCE_S)):
        deadline = time.monotonic() + patience
        try:
            os.killpg(process.pid, number)
            while time.monotonic() < deadline:
                process.poll()
                os.killpg(process.pid, 0)
                time.sleep(0.02)
        except ProcessLookupError:
            break
    process.wait()
    process.stdout.close()


def index_trouble(said):
    """The sentence that tasks say too when pip's index is the trouble."""
    sys.dont_write_bytecode = True  # beside the sources, which may be another user's
    sys.path.append(os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), 'toolkit'))
    from sagebrush_toolkit import pip_trouble
    return pip_trouble.index_trouble(said)


if __name__ == '__main__':
    try:
        main(json.loads(sys.argv[1]), Stopping())
    except Stopped:
        sys.exit(1)
