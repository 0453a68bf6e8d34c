"""
The task's log: one line `<epoch ms> <text>\\n` for each line that the task prints. Text is valid UTF-8; a line of more
than 256 KiB is cut into several; a line without its end is written 0.2 s later, or when the task ends.
"""
import os

import record

MAX_LINE_BYTES = 262_144
FLUSH_S = 0.2


class TaskLog:
    def __init__(self, path):
        self._file = os.open(path, os.O_CREAT | os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC, 0o600)
        self._last_ms = 0
        self._rest = b''
        self._flushed_part = False
        self._lost = 0
        self.path = path

    @property
    def lost(self):
        """Bytes that the disk did not take."""
        return self._lost

    @property
    def has_part(self):
        return bool(self._rest)

    def say(self, text):
        """A line of the platform's own."""
        self._write([line.encode() for line in text.split('\n')])

    def take(self, data):
        """Bytes as the task wrote them."""
        data = self._rest + data if self._rest else data
        end = data.rfind(b'\n')
        if end < 0:
            self._rest = data
        else:
            self._rest = data[end + 1:]
            lines = data[:end]
            if self._flushed_part:
                # The end of a line whose beginning is written already: nothing but the line's end is no line.
                self._flushed_part = False
                if lines[:1] == b'\n':
                    lines = lines[1:]
                elif not lines.strip(b'\r'):
                    lines = None
            if lines is not None:
                self._write_block(lines)
        while len(self._rest) >= MAX_LINE_BYTES:
            at = MAX_LINE_BYTES - _unfinished(self._rest[:MAX_LINE_BYTES])
            self._write_block(self._rest[:at])
            self._rest = self._rest[at:]
            self._flushed_part = True

    def flush(self):
        """Writes what has no line end yet; not the first bytes of a character whose others are still to come."""
        whole = len(self._rest) - _unfinished(self._rest)
        if whole > 0:
            self._write_block(self._rest[:whole])
            self._rest = self._rest[whole:]
            self._flushed_part = True

    def finish(self):
        if self._rest:
            self._write_block(self._rest)
            self._rest = b''

    def size(self):
        return os.fstat(self._file).st_size

    def _write_block(self, block):
        try:
            block.decode()
        except UnicodeDecodeError:
            block = block.decode(errors='replace').encode()
        if b'\r\n' in block or block.endswith(b'\r'):
            block = block.replace(b'\r\n', b'\n')
            block = block[:-1] if block.endswith(b'\r') else block
        if len(block) <= MAX_LINE_BYTES:
            self._append(block)
            return
        lines = block.split(b'\n')
        if max(map(len, lines)) <= MAX_LINE_BYTES:
            self._append(block)
        else:
            self._write([part for line in lines for part in _cut(line)])

    def _write(self, lines):
        self._append(b'\n'.join(lines))

    def _append(self, block):
        self._last_ms = max(self._last_ms, record.now())
        stamp = b'%d ' % self._last_ms
        data = stamp + block.replace(b'\n', b'\n' + stamp) + b'\n'
        start = os.fstat(self._file).st_size
        try:
            written = os.write(self._file, data)
            if written == len(data):
                return
        except OSError:
            pass
        # A part of a line would make the next one unreadable: whole or not at all.
        os.ftruncate(self._file, start)
        self._lost += len(data)


def _unfinished(data):
    """How many bytes at the end begin a UTF-8 character without ending it."""
    for back in range(1, min(4, len(data)) + 1):
        byte = data[-back]
        if byte & 0xC0 == 0x80:
            continue
        needed = 4 if byte >= 0xF0 else 3 if byte >= 0xE0 else 2 if byte >= 0xC0 else 1
        return back if needed > back else 0
    return 0


def _cut(line):
    while len(line) > MAX_LINE_BYTES:
        at = MAX_LINE_BYTES - _unfinished(line[:MAX_LINE_BYTES])
        yield line[:at]
        line = line[at:]
    yield line


def last_lines(path, start, count=20, characters=2000):
    """The last lines after byte `start`, at most `count` and `characters` in all, without their stamps."""
    with open(path, 'rb') as file:
        size = file.seek(0, 2)
        begin = max(start, size - characters * 4 - count * 16)
        file.seek(begin)
        lines = file.read().decode(errors='replace').split('\n')
    lines.pop()  # what follows the last line's end: nothing
    if begin > start and lines:
        lines[0] = '0 ' + lines[0]  # cut in its middle, perhaps
    found = []
    for line in reversed([line.partition(' ')[2] for line in lines[-count:]]):
        if characters <= 0:
            break
        found.append(line[-characters:])
        characters -= len(line)
    return found[::-1]
