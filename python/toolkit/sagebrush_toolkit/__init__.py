"""Turns the /opt/ml contract into script mode (`train`) and a web server (`serve`).

Runs inside the task on any Python from 3.9 with the standard library alone. Modules import late:
every millisecond before the user's first statement is ours to answer for.
"""

VERSION = "0.1.0"
