"""What a task's folder says about it, for the server that reads it: state.json, always whole, and the hint file."""
import json
import os
import time

FORMAT = 1
_RESERVE_BYTES = 65536


def now():
    return time.time_ns() // 1_000_000


class Record:
    """Writes the state. A reserved file makes sure that the last word can be written on a full disk."""

    def __init__(self, task, hint):
        self._task = task
        self._hint = os.open(hint, os.O_CREAT | os.O_WRONLY | os.O_CLOEXEC, 0o600)
        self._reserve = os.path.join(task, 'reserve')
        with open(self._reserve, 'wb') as file:
            file.write(b'\0' * _RESERVE_BYTES)
        self._fields = {}

    def put(self, phase, **fields):
        self._fields.update(fields)
        text = json.dumps(dict(self._fields, format=FORMAT, phase=phase)).encode()
        try:
            self._replace(text)
        except OSError:
            if os.path.exists(self._reserve):
                os.unlink(self._reserve)
            self._replace(text)
        self.hint()

    def end(self, phase, **fields):
        self.put(phase, **fields)
        if os.path.exists(self._reserve):
            os.unlink(self._reserve)

    def hint(self):
        """Touches the file that the server watches."""
        try:
            os.utime(self._hint)
        except OSError:
            pass  # a hint only: the server looks by itself, later

    def _replace(self, text):
        path = os.path.join(self._task, 'state.json')
        with open(path + '.new', 'wb') as file:
            file.write(text)
        os.replace(path + '.new', path)
