"""Deploys an artifact with ModelBuilder, as it is and with code of one's own; prints one JSON object as its last line.

    model_builder.py FOLDER
"""

import io
import json
import sys
import tarfile
import tempfile
from pathlib import Path

import numpy as np
from sagemaker.core import image_uris
from sagemaker.core.deserializers import JSONDeserializer
from sagemaker.core.helper.session_helper import Session, get_execution_role
from sagemaker.core.resources import Endpoint
from sagemaker.core.serializers import CSVSerializer
from sagemaker.core.training.configs import SourceCode
from sagemaker.serve.model_builder import ModelBuilder

folder = Path(tempfile.mkdtemp(dir=sys.argv[1]))
session = Session()
image = image_uris.retrieve("sklearn", session.boto_region_name, version="1.2-1", instance_type="ml.m5.large")
SERVES = """
from pathlib import Path
def model_fn(folder): return float(Path(folder, 'factor').read_text())
def predict_fn(rows, model): return {} * model * rows
"""
(folder / "factor").write_text("7")
(folder / "code").mkdir()
(folder / "code" / "inference.py").write_text(SERVES.format("1"))
with tarfile.open(folder / "model.tar.gz", "w:gz") as tar:
    tar.add(folder / "factor", "factor")
    tar.add(folder / "code", "code")
artifact = session.upload_data(str(folder / "model.tar.gz"), key_prefix="built")
(folder / "own").mkdir()
(folder / "own" / "serve.py").write_text(SERVES.format("10"))


def deployed(name, **given):
    builder = ModelBuilder(
        image_uri=image,
        s3_model_data_url=artifact,
        role_arn=get_execution_role(session),
        instance_type="ml.m5.large",
        sagemaker_session=session,
        **given,
    )
    builder.build(model_name=name)
    endpoint = builder.deploy(endpoint_name=name, initial_instance_count=1)
    endpoint.serializer, endpoint.deserializer = CSVSerializer(), JSONDeserializer()
    answer = endpoint.invoke(body=np.array([[1, 2]]), content_type="text/csv", accept="application/json")
    Endpoint.get(name).delete()
    return answer.body


answers = {
    "as it is": deployed("as-it-is", env_vars={"SAGEMAKER_PROGRAM": "inference.py"}),
    "own code": deployed("own-code", source_code=SourceCode(source_dir=str(folder / "own"), entry_script="serve.py")),
}
print()
print(json.dumps(answers))
