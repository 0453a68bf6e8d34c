"""Trains, deploys and asks an image of one's own with the SageMaker Python SDK (version 2).

    docker build --tag line examples/own-image
    sagebrush run -- python program.py line
"""

import json
import sys
from pathlib import Path

import sagemaker
from sagemaker.deserializers import CSVDeserializer
from sagemaker.estimator import Estimator
from sagemaker.serializers import CSVSerializer

DATA = Path(__file__).resolve().parent.parent / "sklearn-script-mode" / "data"

session = sagemaker.Session()
estimator = Estimator(
    image_uri=sys.argv[1],
    role=sagemaker.get_execution_role(session),
    instance_type="ml.m5.large",
    instance_count=1,
    hyperparameters={"x": "petal_length", "y": "petal_width"},
)
estimator.fit({"train": session.upload_data(str(DATA / "train.csv"), key_prefix="line/train")})

predictor = estimator.deploy(
    initial_instance_count=1,
    instance_type="ml.m5.large",
    serializer=CSVSerializer(),
    deserializer=CSVDeserializer(),
)
answers = predictor.predict("1.5\n4.5\n6")
predictor.delete_endpoint()
print(json.dumps([float(row[0]) for row in answers]))
