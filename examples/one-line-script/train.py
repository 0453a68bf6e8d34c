"""The smallest training job: boto3 signs one request, and a one-line script runs in the managed environment.

    sagebrush run -- python train.py
"""

import io
import json
import sys
import tarfile
import time

import boto3

name = f"one-line-{int(time.time() * 1000)}"
s3, sagemaker, logs, sts = (boto3.client(service) for service in ("s3", "sagemaker", "logs", "sts"))
account, region = sts.get_caller_identity()["Account"], sagemaker.meta.region_name

script = b"open('/opt/ml/model/greeting.txt', 'w').write('hello'); print('hello from one line')\n"
bundle = io.BytesIO()
with tarfile.open(fileobj=bundle, mode="w:gz") as archive:
    entry = tarfile.TarInfo("one_line.py")
    entry.size = len(script)
    archive.addfile(entry, io.BytesIO(script))
s3.create_bucket(Bucket=name)
s3.put_object(Bucket=name, Key="sourcedir.tar.gz", Body=bundle.getvalue())

sagemaker.create_training_job(
    TrainingJobName=name,
    RoleArn=f"arn:aws:iam::{account}:role/SageMakerExecution",
    AlgorithmSpecification={
        "TrainingImage": f"683313688378.dkr.ecr.{region}.amazonaws.com/sagemaker-scikit-learn:1.2-1-cpu-py3",
        "TrainingInputMode": "File",
    },
    HyperParameters={
        "sagemaker_program": "one_line.py",
        "sagemaker_submit_directory": f"s3://{name}/sourcedir.tar.gz",
    },
    OutputDataConfig={"S3OutputPath": f"s3://{name}/out"},
    ResourceConfig={"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 1},
    StoppingCondition={"MaxRuntimeInSeconds": 600},
)
sagemaker.get_waiter("training_job_completed_or_stopped").wait(TrainingJobName=name)
job = sagemaker.describe_training_job(TrainingJobName=name)

group = "/aws/sagemaker/TrainingJobs"
streams = logs.describe_log_streams(logGroupName=group, logStreamNamePrefix=f"{name}/")["logStreams"]
lines = [
    event["message"]
    for stream in streams
    for event in logs.get_log_events(logGroupName=group, logStreamName=stream["logStreamName"], startFromHead=True)[
        "events"
    ]
]
bucket, _, key = job["ModelArtifacts"]["S3ModelArtifacts"].removeprefix("s3://").partition("/")
with tarfile.open(fileobj=io.BytesIO(s3.get_object(Bucket=bucket, Key=key)["Body"].read())) as model:
    greeting = model.extractfile("greeting.txt").read().decode()

stored = boto3.resource("s3").Bucket(name)
stored.objects.all().delete()
stored.delete()

json.dump(
    {
        "status": job["TrainingJobStatus"],
        "transitions": [transition["Status"] for transition in job["SecondaryStatusTransitions"]],
        "log": lines,
        "model": greeting,
    },
    sys.stdout,
    indent=2,
)
