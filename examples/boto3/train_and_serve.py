"""Trains and serves with boto3 alone: what the SageMaker Python SDK does, in its single calls.

    sagebrush run -- python train_and_serve.py
"""

import io
import sys
import tarfile
import time
from pathlib import Path

import boto3
from botocore.exceptions import WaiterError

EXAMPLE = Path(__file__).resolve().parent.parent / "sklearn-script-mode"
NAME = f"boto3-example-{int(time.time() * 1000)}"

region = boto3.session.Session().region_name
s3, sagemaker, runtime, logs = (boto3.client(n) for n in ("s3", "sagemaker", "sagemaker-runtime", "logs"))
account = boto3.client("sts").get_caller_identity()["Account"]
role = f"arn:aws:iam::{account}:role/SageMakerExecution"
image = f"683313688378.dkr.ecr.{region}.amazonaws.com/sagemaker-scikit-learn:1.2-1-cpu-py3"
bucket = f"{NAME}-data"


def wait(until, **which):
    """Waits for it; ends the program with the reason where it fails."""
    try:
        sagemaker.get_waiter(until).wait(**which)
    except WaiterError as error:
        # What was described last says why; nothing does where the waiter gave up too early.
        sys.exit(f"{NAME} failed: {error.last_response.get('FailureReason', error)}")


# The code as a bundle and the data, in S3.
s3.create_bucket(Bucket=bucket)
archive = io.BytesIO()
with tarfile.open(fileobj=archive, mode="w:gz") as bundle:
    for file in sorted(EXAMPLE.joinpath("code").glob("*.py")):
        bundle.add(file, arcname=file.name)
s3.put_object(Bucket=bucket, Key="code/sourcedir.tar.gz", Body=archive.getvalue())
for channel in ("train", "test"):
    s3.upload_file(str(EXAMPLE / "data" / f"{channel}.csv"), bucket, f"data/{channel}/{channel}.csv")

sagemaker.create_training_job(
    TrainingJobName=NAME,
    RoleArn=role,
    AlgorithmSpecification={"TrainingImage": image, "TrainingInputMode": "File"},
    HyperParameters={
        "sagemaker_program": '"train.py"',
        "sagemaker_submit_directory": f'"s3://{bucket}/code/sourcedir.tar.gz"',
        "n-estimators": "50",
    },
    InputDataConfig=[
        {
            "ChannelName": channel,
            "DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": f"s3://{bucket}/data/{channel}"}},
        }
        for channel in ("train", "test")
    ],
    OutputDataConfig={"S3OutputPath": f"s3://{bucket}/jobs"},
    ResourceConfig={"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 10},
    StoppingCondition={"MaxRuntimeInSeconds": 3600},
)
wait("training_job_completed_or_stopped", TrainingJobName=NAME)
job = sagemaker.describe_training_job(TrainingJobName=NAME)
print("status:", job["TrainingJobStatus"], job.get("FailureReason", ""))

group = "/aws/sagemaker/TrainingJobs"
for stream in logs.describe_log_streams(logGroupName=group, logStreamNamePrefix=f"{NAME}/")["logStreams"]:
    page = logs.get_log_events(logGroupName=group, logStreamName=stream["logStreamName"], startFromHead=True)
    for event in page["events"]:
        print("log:", event["message"])

sagemaker.create_model(
    ModelName=NAME,
    ExecutionRoleArn=role,
    PrimaryContainer={
        "Image": image,
        "ModelDataUrl": job["ModelArtifacts"]["S3ModelArtifacts"],
        "Environment": {
            "SAGEMAKER_PROGRAM": "train.py",
            "SAGEMAKER_SUBMIT_DIRECTORY": f"s3://{bucket}/code/sourcedir.tar.gz",
        },
    },
)
sagemaker.create_endpoint_config(
    EndpointConfigName=NAME,
    ProductionVariants=[
        {"VariantName": "AllTraffic", "ModelName": NAME, "InitialInstanceCount": 1, "InstanceType": "ml.m5.large"}
    ],
)
sagemaker.create_endpoint(EndpointName=NAME, EndpointConfigName=NAME)
wait("endpoint_in_service", EndpointName=NAME)
answer = runtime.invoke_endpoint(
    EndpointName=NAME, ContentType="text/csv", Accept="text/csv", Body="5.1,3.5,1.4,0.2\n6.7,3.0,5.2,2.3\n"
)
print("prediction:", answer["Body"].read().decode().split())

sagemaker.delete_endpoint(EndpointName=NAME)
wait("endpoint_deleted", EndpointName=NAME)
sagemaker.delete_endpoint_config(EndpointConfigName=NAME)
sagemaker.delete_model(ModelName=NAME)
stored = boto3.resource("s3").Bucket(bucket)
stored.objects.all().delete()
stored.delete()
