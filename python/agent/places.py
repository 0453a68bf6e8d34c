"""Where a task's things are, and the word that ends its supervisor."""
import os


class Removed(BaseException):
    """The server takes the task away: nothing of it is wanted any more."""


def below(ml, path):
    """The place in the task's folder of a path below /opt/ml. Raises ValueError for any other: it would lead elsewhere."""
    if not path.startswith('/opt/ml/') or os.path.normpath(path) != path:
        raise ValueError('%r is not a plain path below /opt/ml' % path)
    return os.path.join(ml, os.path.relpath(path, '/opt/ml'))
