"""S3 URLs as botocore presigns them by default, one JSON object a line: method, url, headers."""

import json
import sys

import botocore.session
from botocore.config import Config

endpoint, key_id, secret, session_id, token = sys.argv[1:]


def client(key=key_id, session_token=None, **config):
    return botocore.session.get_session().create_client(
        "s3",
        region_name="us-east-1",
        endpoint_url=endpoint,
        aws_access_key_id=key,
        aws_secret_access_key=secret,
        aws_session_token=session_token,
        config=Config(s3={"addressing_style": "path"}, **config),
    )


def show(method, operation, headers=None, client=client(), seconds=600, **params):
    url = client.generate_presigned_url(operation, Params=params, ExpiresIn=seconds)
    print(json.dumps({"method": method, "operation": operation, "url": url, "headers": headers or {}}))


odd = ["plain.txt", "a b+c/ü.csv", "x//y//z", "%41~:@&=;", "tail/"]
for name in odd:
    show("GET", "get_object", Bucket="bucket", Key=name)
    show("HEAD", "head_object", Bucket="bucket", Key=name)
    show("PUT", "put_object", Bucket="bucket", Key=name)
    show("DELETE", "delete_object", Bucket="bucket", Key=name)
    show("GET", "get_object", client=client(session_id, token), Bucket="bucket", Key=name)
show("GET", "get_object", Bucket="bucket", Key="k", ResponseContentDisposition='attachment; filename="ü & b.txt"')
show("PUT", "put_object", {"content-type": "text/plain"}, Bucket="bucket", Key="k", ContentType="text/plain")
show("PUT", "put_object", Bucket="bucket", Key="k", Metadata={"who": "ada"}, ServerSideEncryption="AES256")
show("PUT", "upload_part", Bucket="bucket", Key="k", UploadId="u/1", PartNumber=3)
show("GET", "list_objects", Bucket="bucket", Prefix="a/")
show("GET", "get_object", seconds=-1, Bucket="bucket", Key="late")
