"""What user code and the defaults make of a request: the contract of AWS's inference toolkits."""

from __future__ import annotations

import io
import json

import numpy
import pytest

MODEL = """
import os, joblib
def model_fn(model_dir):
    return joblib.load(os.path.join(model_dir, 'model.joblib'))
"""
ROWS = [[5.1, 3.5, 1.4, 0.2], [6.7, 3.0, 5.2, 2.3], [5.9, 2.8, 4.4, 1.3]]
TRAIN = """
import joblib, json, os, sys
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression
x, y = load_iris(return_X_y=True)
model = LogisticRegression(max_iter=500).fit(x, LABELS)
joblib.dump(model, os.environ['SM_MODEL_DIR'] + '/model.joblib')
json.dump(model.predict(ROWS).tolist(), sys.stdout)
"""


def train(task, labels: str = "y") -> list:
    """Trains in the task's environment; returns what the model says to ROWS, by hand."""
    task.script(TRAIN.replace("LABELS", labels).replace("ROWS", repr(ROWS)))
    ended = task.train()
    assert ended.returncode == 0, ended.stderr
    return json.loads(ended.stdout)


def npy(value, **options) -> bytes:
    stream = io.BytesIO()
    numpy.save(stream, numpy.asarray(value), **options)
    return stream.getvalue()


def test_defaults_for_all_types_give_the_models_own_predictions(task, serve):
    expected = train(task)
    server = serve(MODEL)
    csv = "\n".join(",".join(map(str, row)) for row in ROWS)
    for body, kind in (
        (csv, "text/csv"),
        (csv + "\r\n", "text/csv; charset=utf-8"),
        (json.dumps(ROWS), "application/json"),
        (npy(ROWS), "application/x-npy"),
        (npy(numpy.asfortranarray(ROWS)), "application/x-npy"),
    ):
        status, headers, content = server.invoke(body, kind, "application/json")
        assert (status, headers["Content-Type"], json.loads(content)) == (200, "application/json", expected), kind
    assert server.invoke(csv, accept="text/csv")[2].decode() == "".join(f"{label}\n" for label in expected)
    answer = server.invoke(csv, accept="application/x-npy")
    assert answer[1]["Content-Type"] == "application/x-npy"
    assert numpy.load(io.BytesIO(answer[2]), allow_pickle=False).tolist() == expected
    assert json.loads(server.invoke("5.1,3.5,1.4,0.2")[2]) == expected[:1]


def test_labels_that_are_objects_need_no_pickle(task, serve):
    expected = train(task, "[['setosa', 'versicolor', 'virginica'][i] for i in y]")
    server = serve(MODEL + "def predict_fn(data, model):\n    return model.predict(data).astype(object)\n")
    answer = server.invoke(json.dumps(ROWS), "application/json", "application/x-npy")[2]
    assert numpy.load(io.BytesIO(answer), allow_pickle=False).tolist() == expected


class Evil:
    def __reduce__(self):
        return (open, ("/tmp/sagebrush-pickled", "w"))


FIXED = "import numpy\ndef model_fn(model_dir):\n    return None\ndef predict_fn(data, model):\n    return data\n"


@pytest.mark.parametrize(
    ("body", "kind", "accept", "status", "message"),
    [
        (npy([Evil()], allow_pickle=True), "application/x-npy", "*/*", 400, "pickled objects, which are never loaded"),
        (npy([1.0])[:-4], "application/x-npy", "*/*", 400, "the NPY body is not a whole array"),
        (npy([1.0]).replace(b"(1,)", b"(999999999999,)"), "application/x-npy", "*/*", 400, "not a whole array"),
        (b"PK\x03\x04", "application/x-npy", "*/*", 400, "not a whole array"),
        (
            b"PK\x03\x04",
            "application/x-npz",
            "*/*",
            415,
            "application/x-npz is not supported: send one array as application/x-npy",
        ),
        ("1,2", "application/xml", "*/*", 415, "Content type application/xml is not supported by the default input_fn"),
        ("1,2", "text/csv", "image/png", 406, "Accept image/png is not supported by the default output_fn"),
        ("1,2", "text/csv", "text/csv;q=0", 406, "Accept text/csv;q=0 is not supported"),
        ("1,2\n3\n", "text/csv", "*/*", 400, "its rows have [1, 2] columns"),
        ("1,two", "text/csv", "*/*", 400, "could not convert string to float: 'two'"),
        (b"\xff\xfe", "text/csv", "*/*", 400, "the text/csv body is not UTF-8"),
        ("[1, ", "application/json", "*/*", 400, "the JSON body is not an array of numbers"),
        ('{"a": 1}', "application/json", "*/*", 400, "the JSON body is not an array of numbers"),
    ],
)
def test_what_the_defaults_cannot_take_is_refused(serve, tmp_path, body, kind, accept, status, message):
    server = serve(FIXED)
    answer = server.invoke(body, kind, accept)
    assert answer[0] == status and message in json.loads(answer[2])["error-message"], answer
    assert not (tmp_path / "sagebrush-pickled").exists()
    import os

    assert not os.path.exists("/tmp/sagebrush-pickled")


@pytest.mark.parametrize(
    ("accept", "chosen"),
    [
        ("*/*", "text/csv"),
        ("", "text/csv"),
        ("application/json", "application/json"),
        ("image/png, application/json", "application/json"),
        ("application/json;q=0.2, application/x-npy;q=0.9", "application/x-npy"),
        ("text/csv;q=0.5, */*;q=0.1, application/json;q=0.3", "text/csv"),
        ("text/*", "text/csv"),
        ("application/*", "application/json"),
    ],
)
def test_accept(serve, accept, chosen):
    server = serve(FIXED, SAGEMAKER_DEFAULT_INVOCATIONS_ACCEPT="text/csv")
    assert server.invoke("1,2", accept=accept)[1]["Content-Type"] == chosen


def test_quotes_and_gaps_in_csv(serve):
    server = serve(FIXED)
    assert server.invoke('"1","2"\n3,4\n\n', accept="text/csv")[2] == b"1.0,2.0\n3.0,4.0\n"
    assert server.invoke("0.1,\n", accept="text/csv")[2] == b"0.1,nan\n"


SHOW = """
def model_fn(model_dir, context):
    return [model_dir, context.system_properties['model_dir']]
def input_fn(body, content_type):
    return [type(body).__name__, content_type]
def predict_fn(data, model, context=None):
    context.set_response_header(0, 'X-Amzn-SageMaker-Custom-Attributes', 'trace=2')
    context.set_response_status(202, 'Fine')
    return data + model + [context.get_request_header(0, 'x-amzn-sagemaker-custom-attributes')]
def output_fn(prediction, accept):
    return repr(prediction + [accept]), 'text/x-mine'
"""


def test_functions_get_what_aws_gives_them(serve, task):
    server = serve(SHOW)
    sent = {"X-Amzn-SageMaker-Custom-Attributes": "trace=1"}
    status, headers, body = server.invoke("1", "text/csv", "application/json", **sent)
    model = str(task.root / "model")
    assert (status, headers["Content-Type"]) == (202, "text/x-mine")
    assert headers["X-Amzn-SageMaker-Custom-Attributes"] == "trace=2"
    assert eval(body) == ["str", "text/csv", model, model, "trace=1", "application/json"]
    assert eval(server.invoke("1", "application/json")[2])[0] == "str"
    assert eval(server.invoke("1", "text/plain")[2])[0] == "bytes"
    assert eval(server.invoke("1", "application/octet-stream", "*/*")[2])[::5] == ["bytes", "application/json"]


@pytest.mark.parametrize(
    ("returned", "body", "kind"),
    [
        ("'text'", b"text", "application/json"),
        ("b'\\x00\\x01'", b"\x00\x01", "application/json"),
        ("('text', 'text/plain')", b"text", "text/plain"),
        ("{'a': [1, 2]}", b'{"a": [1, 2]}', "application/json"),
        ("__import__('numpy').array([1, 2])", b"[1, 2]", "application/json"),
        ("None", b"", "application/json"),
    ],
)
def test_whatever_transform_fn_returns_is_sent(serve, returned, body, kind):
    server = serve(
        f"def model_fn(d):\n    return 1\ndef transform_fn(model, body, content_type, accept):\n    return {returned}\n"
    )
    status, headers, content = server.invoke("1")
    assert (status, headers["Content-Type"], content) == (200, kind, body)


def test_error_of_user_code_is_told_to_client_and_log(serve):
    server = serve(
        "def model_fn(d):\n    return 1\ndef predict_fn(data, model):\n    raise ValueError('no such customer')\n"
    )
    status, _, body = server.invoke("1,2")
    assert status == 500 and body.startswith(b"no such customer\nTraceback (most recent call last):")
    assert "ValueError: no such customer" in server.log
    assert server.invoke("1,2")[0] == 500 and server.ping() == 200


def test_error_with_a_status_of_its_own(serve):
    code = "class E(Exception):\n    status_code = 422\ndef model_fn(d):\n    return 1\ndef predict_fn(data, model):\n    raise E('age is negative')\n"
    status, _, body = serve(code).invoke("1,2")
    assert status == 422 and body.startswith(b"age is negative\n")


def test_execution_parameters(serve):
    server = serve(FIXED + "def execution_parameters_fn():\n    return {'MaxPayloadInMB': 6}\n")
    assert server.request("GET", "/execution-parameters")[2] == b'{"MaxPayloadInMB": 6}'


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("def predict_fn(d, m): pass", "model_fn is not defined: looked in {root}/model/code/inference.py"),
        (None, "model_fn is not defined: looked in {root}/model/code/inference.py and {root}/code/inference.py"),
        ("def model_fn(d):\n    raise OSError('weights are missing')", "OSError: weights are missing"),
        ("import no_such_module", "ModuleNotFoundError: No module named 'no_such_module'"),
        ("def broken(:", "SyntaxError"),
        ("def model_fn(): pass", "model_fn takes 0 arguments (), but is called with 1, or 2 with the context"),
        (
            "def model_fn(d): pass\ndef transform_fn(m, b, c, a): pass\ndef input_fn(b, c): pass",
            "has transform_fn and also input_fn",
        ),
        ("import os; os._exit(5)", "its worker ended while loading the model (exit code 5)"),
    ],
)
def test_a_model_that_does_not_load_ends_the_server(serve, task, code, message):
    server = serve(code, ready=False)
    while server.process.poll() is None:
        assert server.ping() in (None, 503)
    assert server.process.wait() == 1
    assert message.format(root=task.root) in server.log
    assert "the model server did not start: its worker ended while loading the model" in server.log


def test_context_goes_only_where_it_is_meant(task):
    from sagebrush_toolkit.handler import takes_context

    assert takes_context("predict_fn", lambda data, model, context: 0)
    assert takes_context("predict_fn", lambda data, model, ctx=None: 0)
    assert not takes_context("predict_fn", lambda data, model, threshold=0.5: 0)
    assert not takes_context("predict_fn", lambda data, model: 0)
    assert not takes_context("predict_fn", lambda *args: 0)
