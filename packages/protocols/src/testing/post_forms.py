"""Forms as botocore makes them by default for S3's POST, one JSON object a line: name, url, fields."""

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


def show(name, client=client(), seconds=600, **form):
    post = client.generate_presigned_post("bucket", "up/${filename}", ExpiresIn=seconds, **form)
    print(json.dumps({"name": name, **post}))


note = [["starts-with", "$x-amz-meta-note", "n"], ["content-length-range", 1, 1000]]
images = [["starts-with", "$Content-Type", "image/"]]
show("plain")
show("conditions", Fields={"success_action_status": "201"}, Conditions=[{"success_action_status": "201"}, *note])
show("types", Conditions=images)
show("session", client=client(session_id, token))
show("late", seconds=-1)
show("version 4", client=client(signature_version="s3v4"))
show("late version 4", client=client(signature_version="s3v4"), seconds=-1)
