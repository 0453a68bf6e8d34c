"""What programs do with version 3 beside the straight path; prints one JSON object as its last line.

    behaviour.py FOLDER
"""

import io
import json
import logging
import sys
import tarfile
import tempfile
import time
from pathlib import Path

from sagemaker.core import image_uris
from sagemaker.core.helper.session_helper import Session
from sagemaker.core.resources import TrainingJob
from sagemaker.core.shapes import S3DataSource
from sagemaker.core.utils.exceptions import FailedStatusError, TimeoutExceededError
from sagemaker.train import ModelTrainer
from sagemaker.train.configs import Compute, InputData, SourceCode

folder = Path(tempfile.mkdtemp(dir=sys.argv[1]))
session = Session()
image = image_uris.retrieve("sklearn", session.boto_region_name, version="1.2-1", instance_type="ml.m5.large")
answers = {}


def trainer(name, code, file="train.py", instances=1, **hyperparameters):
    source = folder / name
    source.mkdir()
    (source / file).write_text(code)
    return ModelTrainer(
        training_image=image,
        source_code=SourceCode(source_dir=str(source), entry_script=file),
        compute=Compute(instance_type="ml.m5.large", instance_count=instances),
        hyperparameters=hyperparameters,
        base_job_name=name,
        sagemaker_session=session,
    )


def job_of(trained):
    return TrainingJob.get(trained._latest_training_job.training_job_name)


# All that the SDK logs, the lines of jobs among it.
said = io.StringIO()
logging.getLogger("sagemaker").setLevel(logging.INFO)
logging.getLogger("sagemaker").addHandler(logging.StreamHandler(said))


def heard():
    """What was said since the last time."""
    text = said.getvalue()
    said.seek(0)
    said.truncate()
    return text


def artifact(job):
    """The files of its model.tar.gz, with what is in them."""
    bucket, _, key = job.model_artifacts.s3_model_artifacts.removeprefix("s3://").partition("/")
    body = session.boto_session.client("s3").get_object(Bucket=bucket, Key=key)["Body"].read()
    with tarfile.open(fileobj=io.BytesIO(body)) as tar:
        return {member.name: tar.extractfile(member).read().decode() for member in tar if member.isfile()}


# A job that fails.
failing = trainer("failing", "print('before the fault')\nraise ValueError('the column of sepals is missing')\n")
try:
    failing.train()
except FailedStatusError as error:
    answers["failure"] = str(error)
answers["failing log"] = heard()

# A job that is stopped keeps what it has saved.
endless = trainer(
    "endless",
    "import os, time\n"
    "open(os.environ['SM_MODEL_DIR'] + '/half', 'w').write('half a model')\n"
    "print('saved', flush=True)\n"
    "while True: time.sleep(0.1)\n",
)
endless.train(wait=False)
job = job_of(endless)
logs = session.boto_session.client("logs")
deadline = time.monotonic() + 60
while True:
    found = logs.filter_log_events(
        logGroupName="/aws/sagemaker/TrainingJobs", logStreamNamePrefix=job.training_job_name
    )
    if any(event["message"] == "saved" for event in found["events"]):
        break
    if time.monotonic() > deadline:
        sys.exit("the endless job has not begun within a minute")
    time.sleep(0.05)
try:
    job.wait(timeout=1)
except TimeoutExceededError as error:
    answers["timeout"] = str(error)
job.stop()
job.wait()
answers["stopped"] = [job.training_job_status, job.secondary_status, artifact(job)]

# Channels: a folder of this machine, a prefix in S3, a sharded prefix; hyperparameters of every kind.
data = folder / "data"
(data / "deep").mkdir(parents=True)
(data / "a.txt").write_text("a")
(data / "deep" / "b.txt").write_text("b")
prefix = session.upload_data(str(data), key_prefix="behaviour/prefix")
reads = """
import json, os, sys
from pathlib import Path
seen = {name: {str(file.relative_to(folder)): file.read_text() for file in Path(folder).rglob('*') if file.is_file()}
        for name in ('local', 'prefix', 'sharded') for folder in [os.environ['SM_CHANNEL_' + name.upper()]]}
seen['arguments'] = sys.argv[1:]
seen['hyperparameters'] = json.loads(os.environ['SM_HPS'])
seen['hosts'] = [os.environ['SM_CURRENT_HOST'], os.environ['SM_HOST_COUNT']]
Path(os.environ['SM_MODEL_DIR'], os.environ['SM_CURRENT_HOST']).write_text(json.dumps(seen))
"""
reader = trainer("reader", reads, instances=2, number=7, flag=True, words="two words", list=[1, 2], map={"a": "b"})
reader.train(
    input_data_config=[
        InputData(channel_name="local", data_source=str(data)),
        InputData(channel_name="prefix", data_source=prefix),
        InputData(
            channel_name="sharded",
            data_source=S3DataSource(
                s3_data_type="S3Prefix", s3_uri=prefix, s3_data_distribution_type="ShardedByS3Key"
            ),
        ),
    ]
)
answers["read"] = {host: json.loads(text) for host, text in artifact(job_of(reader)).items()}

# Two instances that find each other by name, with a line of each in the log.
meeting = """
import os, socket, time
address = (os.environ['SM_MASTER_ADDR'], int(os.environ['SM_MASTER_PORT']))
if os.environ['SM_CURRENT_HOST'] == 'algo-1':
    with socket.create_server(address) as server:
        peer, _ = server.accept()
        print('algo-1 heard', peer.recv(100).decode(), flush=True)
else:
    deadline = time.monotonic() + 60
    while True:
        try:
            with socket.create_connection(address) as peer:
                peer.sendall(b'algo-2 of ' + os.environ['SM_HOSTS'].encode())
            break
        except ConnectionRefusedError:
            if time.monotonic() > deadline: raise
            time.sleep(0.05)
    print('algo-2 has spoken', flush=True)
"""
heard()
trainer("meeting", meeting, instances=2).train()
answers["meeting log"] = heard()

# A shell script as the entry.
shell = trainer("shell", 'echo "$@" > "$SM_MODEL_DIR/arguments"\n', file="train.sh", depth=3)
shell.train()
answers["shell"] = artifact(job_of(shell))

listed = TrainingJob.get_all(name_contains="e", sort_by="CreationTime", sort_order="Ascending")
answers["listed"] = [[job.training_job_name.rsplit("-", 1)[0], job.training_job_status] for job in listed]

print()
print(json.dumps(answers))
