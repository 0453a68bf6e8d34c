"""Calls every service with botocore's own clients and prints what they saw as one JSON object.
usage: call_services.py URL ACCESS_KEY SECRET"""
import hashlib
import io
import json
import sys

import botocore.session
from botocore.config import Config
from botocore.exceptions import ClientError

url, access_key, secret = sys.argv[1:]
session = botocore.session.Session()
session.set_credentials(access_key, secret)


def client(service):
    return session.create_client(service, region_name="us-west-2", endpoint_url=url,
                                 config=Config(retries={"max_attempts": 1, "mode": "standard"}))


def error(call, **arguments):
    try:
        call(**arguments)
    except ClientError as caught:
        return [caught.response["Error"]["Code"], caught.response["ResponseMetadata"]["HTTPStatusCode"]]


content = bytes(range(256)) * 4000
s3, runtime, sagemaker = client("s3"), client("sagemaker-runtime"), client("sagemaker")
seen = {"sha256": hashlib.sha256(content).hexdigest()}
for algorithm in ["CRC32", "SHA1", "SHA256"]:
    s3.put_object(Bucket="b", Key=f"bytes/{algorithm}", Body=content, ChecksumAlgorithm=algorithm)
    s3.put_object(Bucket="b", Key=f"file/{algorithm} ü+&", Body=io.BytesIO(content), ChecksumAlgorithm=algorithm,
                  Metadata={"a": "b"})
s3.upload_part(Bucket="b", Key="part", PartNumber=7, UploadId="u", Body=content)
got = s3.get_object(Bucket="b", Key="k//../k")
seen["get"] = [got["ContentLength"], hashlib.sha256(got["Body"].read()).hexdigest(), got["Metadata"]]
seen["list"] = [entry["Key"] for entry in s3.list_objects_v2(Bucket="b")["Contents"]]
seen["location"] = s3.get_bucket_location(Bucket="b")["LocationConstraint"]
seen["deleted"] = s3.delete_objects(Bucket="b", Delete={"Objects": [{"Key": "a<&>\n"}]})["Deleted"]
seen["not found"] = error(s3.head_object, Bucket="b", Key="missing")
seen["identity"] = client("sts").get_caller_identity()["Arn"]
seen["role"] = error(client("iam").get_role, RoleName="missing")
seen["groups"] = client("logs").describe_log_groups()["logGroups"]
seen["invalid"] = error(sagemaker.describe_model, ModelName="not_valid")
seen["later"] = error(sagemaker.create_cluster, ClusterName="c")
stream = runtime.invoke_endpoint_with_response_stream(EndpointName="e", Body=b"x")
seen["stream"] = [event["PayloadPart"]["Bytes"].decode() for event in stream["Body"]]
print(json.dumps(seen))
