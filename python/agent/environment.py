"""
Builds the virtual environment of a managed image, once. Argument: a JSON object {folder, python, requirements, base};
prints JSON lines {"message"} while it works and at last {"ready": true} or {"failed": text}.
Whoever comes second waits for the first; what was left half-built is built anew.
"""
import fcntl
import json
import os
import shutil
import subprocess
import sys

READY = 'sagebrush-ready.json'


def tell(**message):
    try:
        sys.stdout.write(json.dumps(message) + '\n')
        sys.stdout.flush()
    except OSError:
        pass  # the server that asked is gone; the next one finds the environment ready


class Failed(Exception):
    pass


def main(order):
    folder = order['folder']
    os.makedirs(os.path.dirname(folder), exist_ok=True)
    lock = os.open(folder + '.lock', os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        tell(message='Waiting for another process that makes the same environment')
        fcntl.flock(lock, fcntl.LOCK_EX)
    marker = os.path.join(folder, READY)
    try:
        if not os.path.exists(marker):
            build(order, folder)
            with open(marker + '.new', 'w') as file:
                json.dump({'format': 1, 'base': order['base']}, file)
            os.replace(marker + '.new', marker)
        tell(ready=True)
    except Failed as error:
        tell(failed=str(error))
    except OSError as error:
        tell(failed='The environment %s cannot be made: %s' % (folder, error))


def build(order, folder):
    if os.path.exists(folder):
        shutil.rmtree(folder)
    variables = dict(os.environ)
    variables.pop('PYTHONDONTWRITEBYTECODE', None)  # a read-only environment without bytecode compiles at every start
    tell(message='Making a virtual environment with %s' % order['python'])
    run([order['python'], '-m', 'venv', folder], variables)
    python = os.path.join(folder, 'bin', 'python')
    if order['requirements'].strip():
        path = os.path.join(folder, 'sagebrush-requirements.txt')
        with open(path, 'w') as file:
            file.write(order['requirements'])
        run([python, '-m', 'pip', 'install', '--no-input', '--disable-pip-version-check', '--progress-bar', 'off',
             '-r', path], variables)


def run(command, variables):
    """Runs it, telling its lines; raises Failed with its own words."""
    said = []
    with subprocess.Popen(command, env=variables, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, errors='replace') as process:
        for line in process.stdout:
            line = line.rstrip()
            if line:
                said = said[-200:] + [line]
                tell(message=line)
    if process.returncode:
        errors = [line for line in said if line.startswith(('ERROR:', 'error:', 'Error:'))]
        raise Failed('\n'.join(errors[-10:] or said[-10:] or ['%s ended with %d' % (command[0], process.returncode)]))


if __name__ == '__main__':
    main(json.loads(sys.argv[1]))
