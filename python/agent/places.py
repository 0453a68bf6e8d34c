"""Where a task's things are, and the word that ends its supervisor."""
import os


class Removed(BaseException):
    """The server takes the task away: nothing of it is wanted any more."""


def below(ml, path):
    """The place in the task's folder of a path below /opt/ml."""
    return os.path.normpath(os.path.join(ml, os.path.relpath(path, '/opt/ml')))
