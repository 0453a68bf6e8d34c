"""Times an empty training job of an image in three ways, in turns, under `sagebrush run`: the SDK's own local mode
(`local`), the SDK through the server (`sdk`), and CreateTrainingJob until Describe says Completed (`api`).

    fit.py IMAGE ROLE ROUNDS

Prints a line of JSON a sample; what libraries print goes to stderr.
"""

import contextlib
import json
import logging
import sys
import time

import boto3
import sagemaker
from sagemaker.estimator import Estimator
from sagemaker.local import LocalSession

logging.disable(logging.INFO)
image, role, rounds = sys.argv[1], sys.argv[2], int(sys.argv[3])
sessions = {"local": LocalSession(), "sdk": sagemaker.Session()}
types = {"local": "local", "sdk": "ml.m5.large"}
client = boto3.client("sagemaker")
bucket = sessions["sdk"].default_bucket()
sessions["local"].default_bucket()


def fit(way, name):
    """What a user calls, with its defaults: it waits and prints the log."""
    estimator = Estimator(
        image_uri=image, role=role, instance_count=1, instance_type=types[way], sagemaker_session=sessions[way]
    )
    estimator.fit(job_name=name)


def api(_, name):
    client.create_training_job(
        TrainingJobName=name,
        RoleArn=role,
        AlgorithmSpecification={"TrainingImage": image, "TrainingInputMode": "File"},
        OutputDataConfig={"S3OutputPath": f"s3://{bucket}/"},
        ResourceConfig={"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 30},
        StoppingCondition={"MaxRuntimeInSeconds": 600},
    )
    while (status := client.describe_training_job(TrainingJobName=name)["TrainingJobStatus"]) == "InProgress":
        time.sleep(0.02)
    if status != "Completed":
        raise SystemExit(f"{name} is {status}")


ways = [("local", fit), ("sdk", fit), ("api", api)]
for number in range(-1, rounds):
    # The first round is warm-up; who goes first changes, as what follows may find the engine busy or warm.
    turn = number % len(ways)
    for way, run in ways[turn:] + ways[:turn]:
        started = time.monotonic()
        with contextlib.redirect_stdout(sys.stderr):
            run(way, f"{way}-{number + 1}")
        if number >= 0:
            print(json.dumps({"way": way, "ms": (time.monotonic() - started) * 1000}), flush=True)
        time.sleep(0.5)  # the task of the job before is removed meanwhile
