"""How long `fit()` of a job of one second and `deploy()` take; prints one JSON object as its last line.

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
session = sagemaker.Session()
estimator = SKLearn(
    "one_second.py",
    source_dir=str(folder),
    framework_version="1.2-1",
    role=sagemaker.get_execution_role(session),
    instance_type="ml.m5.large",
    instance_count=1,
)
started = time.monotonic()
estimator.fit()
times = {"fit": time.monotonic() - started}
if sys.argv[2:] != ["fit"]:
    started = time.monotonic()
    predictor = estimator.deploy(initial_instance_count=1, instance_type="ml.m5.large")
    times["deploy"] = time.monotonic() - started
    predictor.delete_endpoint()
print()
print(json.dumps(times))
