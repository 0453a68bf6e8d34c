"""Found by Python at its start, because `sagebrush run` puts this folder first on PYTHONPATH.

Takes the needless sleeps out of AWS's SDKs, then gives the word to the sitecustomize that the user has.
A fault here must never keep the user's program from running.
"""

import sys

try:
    import sagebrush_waits

    sagebrush_waits.install()
except Exception as error:  # noqa: BLE001 - see above
    print(f"sagebrush run: the SDK's waiting stays as it is: {error!r}", file=sys.stderr)


def _chain() -> None:
    """Imports the next sitecustomize on the path: one module of that name is all that Python looks for."""
    import importlib.machinery
    import os

    here = os.path.dirname(os.path.abspath(__file__))
    path = [entry for entry in sys.path if os.path.abspath(entry or ".") != here]
    spec = importlib.machinery.PathFinder.find_spec("sitecustomize", path)
    if spec is None or spec.loader is None:
        return
    import importlib.util

    module = importlib.util.module_from_spec(spec)
    sys.modules["sitecustomize"] = module
    spec.loader.exec_module(module)


_chain()
