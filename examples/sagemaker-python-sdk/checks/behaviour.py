"""What programs do with the SDK beside the straight path; prints one JSON object as its last line."""

import contextlib
import io
import json
import sys
import tempfile
import time
from pathlib import Path

import sagemaker
from sagemaker.estimator import Estimator
from sagemaker.exceptions import UnexpectedStatusException
from sagemaker.sklearn import SKLearn

folder = Path(tempfile.mkdtemp(dir=sys.argv[1]))
session = sagemaker.Session()
role = sagemaker.get_execution_role(session)
answers = {}


def estimator(name, code):
    (folder / name).write_text(code)
    return SKLearn(
        entry_point=name,
        source_dir=str(folder),
        framework_version="1.2-1",
        role=role,
        instance_type="ml.m5.large",
        instance_count=1,
        hyperparameters={"words": "two words", "number": 7, "list": [1, 2]},
    )


SERVED = """
import os, sys
if __name__ == '__main__':
    print('arguments', sys.argv[1:])
    open(os.environ['SM_MODEL_DIR'] + '/seven', 'w').write('7')
def model_fn(folder): return float(open(folder + '/seven').read())
def predict_fn(rows, model): return rows * model
"""
quiet = estimator("quiet.py", SERVED)
printed = io.StringIO()
with contextlib.redirect_stdout(printed):
    quiet.fit(logs=False)
answers["quiet"] = printed.getvalue()
quiet.latest_training_job.wait(logs="All")

attached = Estimator.attach(quiet.latest_training_job.name, sagemaker_session=session)
answers["attached"] = [attached.model_data, attached.hyperparameters()["number"], attached.role]

predictor = quiet.deploy(initial_instance_count=1, instance_type="ml.m5.large")
answers["prediction"] = predictor.predict([[1.0, 2.0]]).tolist()
answers["monitors"] = len(predictor.list_monitors())
answers["models"] = [len(session.sagemaker_client.list_models()["Models"])]
predictor.delete_model()
answers["models"].append(len(session.sagemaker_client.list_models()["Models"]))
predictor.delete_endpoint()
answers["endpoints"] = len(session.sagemaker_client.list_endpoints()["Endpoints"])

waited = estimator("waited.py", "print('waited')")
waited.fit(wait=False)
waited.latest_training_job.wait(logs=False)
answers["waited"] = waited.latest_training_job.describe()["TrainingJobStatus"]

failing = estimator(
    "failing.py",
    "print('before the fault', flush=True)\nraise ValueError('the column of sepals is missing')\n",
)
try:
    failing.fit()
    answers["failure"] = "none"
except UnexpectedStatusException as error:
    answers["failure"] = str(error)
    answers["status"] = error.actual_status

print()
print(json.dumps(answers))
