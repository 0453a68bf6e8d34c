"""Trains, deploys and asks a scikit-learn model with the SageMaker Python SDK (version 2).

Nothing here knows of Sagebrush: the same file runs against AWS.

    sagebrush run -- python program.py
"""

import csv
import json
import sys
from pathlib import Path

import numpy as np
import sagemaker
from sagemaker.deserializers import CSVDeserializer
from sagemaker.estimator import Estimator
from sagemaker.serializers import CSVSerializer
from sagemaker.sklearn import SKLearn

EXAMPLE = Path(__file__).resolve().parent.parent / "sklearn-script-mode"

session = sagemaker.Session()
role = sagemaker.get_execution_role(session)
bucket = session.default_bucket()
train = session.upload_data(str(EXAMPLE / "data" / "train.csv"), bucket=bucket, key_prefix="iris/train")
test = session.upload_data(str(EXAMPLE / "data" / "test.csv"), bucket=bucket, key_prefix="iris/test")

estimator = SKLearn(
    entry_point="train.py",
    source_dir=str(EXAMPLE / "code"),
    framework_version="1.2-1",
    role=role,
    instance_type="ml.m5.large",
    instance_count=1,
    hyperparameters={"n-estimators": 50, "max-depth": 4},
    metric_definitions=[{"Name": "test:accuracy", "Regex": "test:accuracy=([0-9.]+)"}],
)
estimator.fit({"train": train, "test": test})
job = estimator.latest_training_job.name
print("model:", estimator.model_data)

with open(EXAMPLE / "data" / "test.csv", newline="") as file:
    rows = [[float(value) for value in row[:4]] for row in list(csv.reader(file))[1:]]

predictor = estimator.deploy(initial_instance_count=1, instance_type="ml.m5.large")
from_numpy = predictor.predict(np.array(rows))
predictor.serializer, predictor.deserializer = CSVSerializer(), CSVDeserializer()
from_csv = [float(row[0]) for row in predictor.predict(rows)]
predictor.delete_endpoint()

attached = Estimator.attach(job, sagemaker_session=session)

answers = {
    "job": job,
    "attached": attached.model_data,
    "numpy": np.asarray(from_numpy).ravel().tolist(),
    "csv": from_csv,
}
print(json.dumps(answers) if len(sys.argv) < 2 else f"written to {sys.argv[1]}")
if len(sys.argv) > 1:
    Path(sys.argv[1]).write_text(json.dumps(answers))
