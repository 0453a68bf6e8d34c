"""How long `fit()` of a job of one second and `deploy()` take; prints one JSON object as its last line.

Seconds in which this process could have run and the machine ran others are taken off: what is timed is the SDK and
the server, not what else the machine does.

    timing.py FOLDER [fit]
"""

import json
import sys
import tempfile
import time
from pathlib import Path

import sagemaker
from sagemaker.sklearn import SKLearn

folder = Path(tempfile.mkdtemp(dir=sys.argv[1]))
(folder / "one_second.py").write_text(
    "import os, time\n"
    "if __name__ == '__main__':\n"
    "    time.sleep(1)\n"
    "    open(os.environ['SM_MODEL_DIR'] + '/x', 'w').write('x')\n"
    "def model_fn(folder): return 7\n"
)


def clock():
    try:
        queued_ns = int(Path("/proc/thread-self/schedstat").read_text().split()[1])
    except OSError:
        queued_ns = 0  # a kernel without these figures
    return time.monotonic() - queued_ns / 1e9


session = sagemaker.Session()
estimator = SKLearn(
    "one_second.py",
    source_dir=str(folder),
    framework_version="1.2-1",
    role=sagemaker.get_execution_role(session),
    instance_type="ml.m5.large",
    instance_count=1,
)
started, began = clock(), time.monotonic()
estimator.fit()
times = {"fit": clock() - started, "fit by the wall": time.monotonic() - began}
if sys.argv[2:] != ["fit"]:
    started = clock()
    predictor = estimator.deploy(initial_instance_count=1, instance_type="ml.m5.large")
    times["deploy"] = clock() - started
    predictor.delete_endpoint()
print()
print(json.dumps(times))
