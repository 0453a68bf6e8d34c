"""Trains, deploys and asks scikit-learn models with the SageMaker Python SDK (version 3).

Nothing here knows of Sagebrush: the same file runs against AWS.

    sagebrush run -- python program.py
"""

import csv
import json
import logging
import sys
from pathlib import Path

from sagemaker.core import image_uris
from sagemaker.core.helper.session_helper import Session
from sagemaker.core.resources import Endpoint, EndpointConfig, Model, TrainingJob
from sagemaker.core.shapes import ContainerDefinition, ProductionVariant
from sagemaker.train import ModelTrainer
from sagemaker.train.configs import Compute, InputData, SourceCode

HERE = Path(__file__).resolve().parent
DATA = HERE.parent / "sklearn-script-mode" / "data"

# The SDK says everything through logging, the lines of jobs too.
logging.basicConfig(level=logging.WARNING, format="%(message)s", stream=sys.stdout)
logging.getLogger("sagemaker").setLevel(logging.INFO)

session = Session()
image = image_uris.retrieve(
    "sklearn", session.boto_region_name, version="1.2-1", py_version="py3", instance_type="ml.m5.large"
)


def trainer(name, source_code, **hyperparameters):
    return ModelTrainer(
        training_image=image,
        source_code=source_code,
        compute=Compute(instance_type="ml.m5.large", instance_count=1),
        hyperparameters=hyperparameters,
        base_job_name=name,
        sagemaker_session=session,
    )


# One channel is a local file, which the SDK uploads; the other lies in S3 already.
test = session.upload_data(str(DATA / "test.csv"), key_prefix="iris/test")
channels = [
    InputData(channel_name="train", data_source=str(DATA / "train.csv")),
    InputData(channel_name="test", data_source=test),
]

by_script = trainer(
    "iris-script",
    SourceCode(source_dir=str(HERE / "code"), requirements="requirements.txt", entry_script="train.py"),
    **{"n-estimators": 50, "max-depth": 4},
)
by_script.train(input_data_config=channels, wait=True, logs=True)

# A command gets its own arguments and no hyperparameters.
by_command = trainer(
    "iris-command",
    SourceCode(
        source_dir=str(HERE / "code"),
        requirements="requirements.txt",
        command="python train.py",
        args=["--n-estimators", "5", "--max-depth", "1"],
    ),
)
by_command.train(input_data_config=channels, wait=False)

script_job = TrainingJob.get(by_script._latest_training_job.training_job_name)
command_job = TrainingJob.get(by_command._latest_training_job.training_job_name)
command_job.wait()
command_job.refresh()
jobs = [job.training_job_name for job in TrainingJob.get_all(name_contains="iris-", status_equals="Completed")]

models = {
    name: Model.create(
        model_name=job.training_job_name,
        primary_container=ContainerDefinition(
            image=image,
            model_data_url=job.model_artifacts.s3_model_artifacts,
            environment={"SAGEMAKER_PROGRAM": "inference.py"},
        ),
        execution_role_arn=job.role_arn,
    )
    for name, job in {"script": script_job, "command": command_job}.items()
}
name = script_job.training_job_name
config = EndpointConfig.create(
    endpoint_config_name=name,
    production_variants=[
        ProductionVariant(
            variant_name=variant,
            model_name=model.model_name,
            initial_instance_count=1,
            instance_type="ml.m5.large",
        )
        for variant, model in models.items()
    ],
)
endpoint = Endpoint.create(endpoint_name=name, endpoint_config_name=config.endpoint_config_name)
endpoint.wait_for_status("InService")

with open(DATA / "test.csv", newline="") as file:
    rows = [row[:4] for row in list(csv.reader(file))[1:]]
body = "\n".join(",".join(row) for row in rows)

answers = {"jobs": jobs, "script job": script_job.training_job_name, "command job": command_job.training_job_name}
for variant in models:
    answer = endpoint.invoke(
        body=body, content_type="text/csv", accept="application/json", target_variant=variant
    )
    answers[variant] = json.loads(answer.body.read())
# Through boto3: 3.27.0's own invoke_with_response_stream cannot read what boto3 gives it.
stream = session.sagemaker_runtime_client.invoke_endpoint_with_response_stream(
    EndpointName=name,
    Body=json.dumps([[float(value) for value in row] for row in rows]),
    ContentType="application/json",
    Accept="application/json",
    TargetVariant="script",
)
answers["streamed"] = json.loads(b"".join(part["PayloadPart"]["Bytes"] for part in stream["Body"]))

endpoint.delete()
endpoint.wait_for_delete()
config.delete()
for model in models.values():
    model.delete()
answers["left"] = [len(list(kind.get_all())) for kind in (Endpoint, EndpointConfig, Model)]

print(json.dumps(answers) if len(sys.argv) < 2 else f"written to {sys.argv[1]}")
if len(sys.argv) > 1:
    Path(sys.argv[1]).write_text(json.dumps(answers))
