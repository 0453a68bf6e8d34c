"""Signs odd requests of all services with botocore; one JSON object a line: method, target, headers, body (base64),
and the parts whose change must be noticed.
usage: sign_requests.py HOST ACCESS_KEY SECRET SESSION_KEY TOKEN"""
import base64
import io
import itertools
import json
import random
import sys

from botocore.auth import S3SigV4Auth, S3SigV4QueryAuth, SigV4Auth, SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.httpchecksum import AwsChunkedWrapper, Crc32Checksum, Sha1Checksum, Sha256Checksum

host, access_key, secret, session_key, token = sys.argv[1:]
rng = random.Random(7)
LONG_TERM = Credentials(access_key, secret)
SESSION = Credentials(session_key, secret, token)

QUERIES = [
    "", "a=1", "b=2&a=1", "a=2&a=1", "a=&b", "empty", "=value", "a==b", "a=b=c", "A=1&a=2", "a-b=1&a=2",
    "sp=a%20b", "plus=a+b", "plus=%2B", "tilde=~&enc=%7E", "utf=%C3%BC%E2%82%AC", "slash=a/b", "colon=a:b",
    "lower=%2fx", "a%20b=c", "x=%26%3D", "q=%00", "k=1&&l=2", "dot=.&dots=..", "star=*", "z=1&a=1&m=1&a=0",
    "prefix=a%2Fb%2F&marker=", "q=%25", "q=%2525",
]
KEYS = [
    "a", "a/b", "a//b", "//a", "a/", "a/../b", "./a", "..", "a/.", "a%20b", "a+b", "%C3%BC/%E2%82%AC", "~tilde-_.",
    "a%2Fb", "per%25cent", "sub:colon@at", "semi;comma,eq=", "quote'paren()", "star*", "dollar$", "%F0%9F%8C%BF", "k" * 900,
]
PATHS = [
    "/endpoints/e/invocations", "//endpoints/e/invocations", "/endpoints//e//invocations",
    "/endpoints/x/../e/invocations", "/./endpoints/e/./invocations", "/endpoints/e/x/../invocations",
]
HEADERS = [
    [], [("X-Custom", "plain")], [("X-Custom", "  spaces   inside  ")], [("X-Custom", "one"), ("X-Custom", "two")],
    [("X-Amz-Meta-Text", "a,b ; c")], [("X-Custom", "")], [("x-cUsToM", "Case")],
    [("X-Amz-Meta-Fold", "first   second\tthird")],
]


def send(request, kind, tampers):
    prepared_headers = [[name, str(value)] for name, value in request.headers.items()]
    if "host" not in [name.lower() for name, _ in prepared_headers]:
        prepared_headers.append(["Host", host])
    target = request.url.split(host, 1)[1]
    body = request.data or b""
    if not isinstance(body, bytes):
        body = body.read() if hasattr(body, "read") else str(body).encode()
    names = [name.lower() for name, _ in prepared_headers]
    if "content-length" not in names and "transfer-encoding" not in names:
        prepared_headers.append(["Content-Length", str(len(body))])
    print(json.dumps({"kind": kind, "method": request.method, "target": target, "headers": prepared_headers,
                      "body": base64.b64encode(body).decode(), "tampers": tampers}))


def request(method, path, query, headers, body=b""):
    made = AWSRequest(method=method, url=f"http://{host}{path}" + (f"?{query}" if query else ""), data=body)
    for name, value in headers:
        made.headers.add_header(name, value)
    return made


COMMON = ["path", "query", "signature", "date", "key", "host"]
JSON_BODY = json.dumps({"nextToken": "x" * 10, "unknown": "ü€"}).encode()


def credentials():
    return rng.choice([LONG_TERM, LONG_TERM, SESSION])


def signed(service, made, kind, tampers, auth=SigV4Auth, region=None, **options):
    auth(credentials(), service, region or rng.choice(["us-east-1", "eu-central-1", "ap-southeast-2"]), **options).add_auth(made)
    send(made, kind, tampers)


# JSON services, with every query and header form.
for (service, target), (query, headers) in itertools.product(
    [("sagemaker", "SageMaker.ListModels"), ("logs", "Logs_20140328.DescribeLogGroups")],
    itertools.chain(((q, []) for q in QUERIES), (("", h) for h in HEADERS)),
):
    made = request("POST", rng.choice(["/", "/", "//", "/a/../"]), query,
                   [("X-Amz-Target", target), ("Content-Type", "application/x-amz-json-1.1"), *headers], b"{}" if rng.random() < 0.5 else JSON_BODY)
    signed(service, made, service, [*COMMON, "body", "target"])

for path, headers in itertools.product(PATHS, HEADERS):
    made = request("POST", path, rng.choice(QUERIES), [("Content-Type", "text/csv"), *headers], rng.randbytes(rng.choice([0, 1, 5000])))
    signed("sagemaker", made, "runtime", [*COMMON, *(["body"] if made.data else [])])

for (service, action, version), query, headers in itertools.product(
    [("sts", "GetCallerIdentity", "2011-06-15"), ("iam", "ListRoles", "2010-05-08")], QUERIES[:14:2], HEADERS[:4],
):
    form = f"Action={action}&Version={version}"
    made = request("POST", "/", query, [("Content-Type", "application/x-www-form-urlencoded"), *headers], form.encode())
    signed(service, made, service, [*COMMON, "body"])
for service, action in [("sts", "GetCallerIdentity"), ("iam", "ListRoles")]:
    for extra in QUERIES:
        made = request("GET", "/", f"Action={action}" + (f"&{extra}" if extra else ""), [])
        signed(service, made, f"{service}-get", COMMON)
    made = request("GET", "/", f"Action={action}&Version=2011-06-15", [])
    signed(service, made, f"{service}-presigned", COMMON, auth=SigV4QueryAuth, expires=60)

# S3: keys as they stand; header-signed, presigned, unsigned payload, chunked with trailers.
for key, query in itertools.chain(((k, "") for k in KEYS), (("k", q) for q in QUERIES)):
    path = "/bucket/" + key
    made = request("GET", path, query, rng.choice(HEADERS))
    signed("s3", made, "s3-get", COMMON, auth=S3SigV4Auth)
    made = request("PUT", path, query, rng.choice(HEADERS), rng.randbytes(2000))
    made.context["payload_signing_enabled"] = True
    signed("s3", made, "s3-put", [*COMMON, "body"], auth=S3SigV4Auth)
    made = request("GET", path, query, [])
    signed("s3", made, "s3-presigned-get", COMMON, auth=S3SigV4QueryAuth, expires=600)
    made = request("PUT", path, query, [("x-amz-meta-a", "b c")])
    signed("s3", made, "s3-presigned-put", [*COMMON, "meta"], auth=S3SigV4QueryAuth, expires=600)

for key, (name, checksum) in itertools.product(
    KEYS[:8], [("crc32", Crc32Checksum), ("sha1", Sha1Checksum), ("sha256", Sha256Checksum)]
):
    payload = rng.randbytes(rng.choice([0, 10, 70000]))
    wrapper = AwsChunkedWrapper(io.BytesIO(payload), checksum_cls=checksum, checksum_name=f"x-amz-checksum-{name}", chunk_size=8192)
    made = request("PUT", "/bucket/" + key, "", [("Content-Encoding", "aws-chunked"), ("X-Amz-Trailer", f"x-amz-checksum-{name}"),
                   ("X-Amz-Decoded-Content-Length", str(len(payload)))], wrapper)
    made.context["checksum"] = {"request_algorithm": {"algorithm": name, "in": "trailer", "name": f"x-amz-checksum-{name}"}}
    signed("s3", made, "s3-trailer", [*COMMON, *(["body"] if payload else [])], auth=S3SigV4Auth)
