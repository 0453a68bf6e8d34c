"""How long version 3 waits for things that take a moment; prints one JSON object of seconds as its last line.

Seconds in which this process could have run and the machine ran others are taken off: what is timed is the SDK and
the server, not what else the machine does.

    waits.py FOLDER [train]
"""

import json
import sys
import tarfile
import tempfile
import time
from pathlib import Path

from sagemaker.core import image_uris
from sagemaker.core.helper.iam_role_resolver import IamRoleResolver
from sagemaker.core.helper.session_helper import Session, get_execution_role
from sagemaker.core.resources import Endpoint
from sagemaker.serve.model_builder import ModelBuilder
from sagemaker.train import ModelTrainer
from sagemaker.train.configs import Compute, SourceCode

folder = Path(tempfile.mkdtemp(dir=sys.argv[1]))
session = Session()
image = image_uris.retrieve("sklearn", session.boto_region_name, version="1.2-1", instance_type="ml.m5.large")
times = {}
unique = time.time_ns()


def clock():
    try:
        queued_ns = int(Path("/proc/thread-self/schedstat").read_text().split()[1])
    except OSError:
        queued_ns = 0  # a kernel without these figures
    return time.monotonic() - queued_ns / 1e9


def timed(name, act):
    started = clock()
    try:
        return act()
    finally:
        times[name] = clock() - started


(folder / "source").mkdir()
(folder / "source" / "second.py").write_text("import time\ntime.sleep(1)\n")
trainer = ModelTrainer(
    training_image=image,
    source_code=SourceCode(source_dir=str(folder / "source"), entry_script="second.py"),
    compute=Compute(instance_type="ml.m5.large", instance_count=1),
    base_job_name=f"second-{unique}",
    sagemaker_session=session,
)
timed("train", trainer.train)


def deploy(name, code):
    place = folder / name
    (place / "code").mkdir(parents=True)
    (place / "code" / "inference.py").write_text(code)
    with tarfile.open(place / "model.tar.gz", "w:gz") as tar:
        tar.add(place / "code", "code")
    endpoint = f"{name}-{unique}"
    builder = ModelBuilder(
        image_uri=image,
        s3_model_data_url=session.upload_data(str(place / "model.tar.gz"), key_prefix=endpoint),
        role_arn=get_execution_role(session),
        instance_type="ml.m5.large",
        sagemaker_session=session,
        env_vars={"SAGEMAKER_PROGRAM": "inference.py"},
    )
    builder.build(model_name=endpoint)
    try:
        timed(name, lambda: builder.deploy(endpoint_name=endpoint, initial_instance_count=1))
        return ""
    except Exception as error:
        return str(error)
    finally:
        Endpoint.get(endpoint).delete()


if sys.argv[2:] != ["train"]:
    deploy("deploy", "def model_fn(folder): return 7\n")
    reason = deploy("failing", "def model_fn(folder): raise RuntimeError('the model is of another time')\n")
    resolver = IamRoleResolver(session)
    timed("role", lambda: resolver.create_execution_role("training"))
    resolver.delete_execution_role("training")
    times["reason"] = reason
print()
print(json.dumps(times))
