"""The ways in which the SDK names a program; prints one JSON object as its last line.

    entry_points.py FOLDER
"""

import json
import os
import sys
import tarfile
import zipfile
from pathlib import Path

import sagemaker
from sagemaker.deserializers import JSONDeserializer
from sagemaker.model import Model
from sagemaker.predictor import Predictor
from sagemaker.serializers import JSONSerializer
from sagemaker.sklearn import SKLearn, SKLearnModel

folder = Path(sys.argv[1])
session = sagemaker.Session()
role = sagemaker.get_execution_role(session)
common = {"framework_version": "1.2-1", "role": role}
machine = {"instance_type": "ml.m5.large", "instance_count": 1}
answers = {}


def put(name, content):
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content)
    return path


def artifact(estimator, name):
    """A file of the job's model.tar.gz."""
    session.download_data(str(folder / "artifacts"), *estimator.model_data.removeprefix("s3://").split("/", 1))
    with tarfile.open(folder / "artifacts" / "model.tar.gz") as archive:
        return archive.extractfile(name).read().decode()


WRITE = "import os, sys\nopen(os.environ['SM_MODEL_DIR'] + '/made', 'w').write({})\n"

# A path upwards, without source_dir: the file alone is sent.
put("up/train.py", WRITE.format("'from above ' + os.path.basename(__file__)"))
(folder / "up/deep/er").mkdir(parents=True)
os.chdir(folder / "up/deep/er")
above = SKLearn(entry_point="../../train.py", **common, **machine)
above.fit()
answers["above"] = artifact(above, "made")

# A path inside source_dir, with a module of its own beside it.
put("project/src/train.py", "import beside\n" + WRITE.format("beside.NAME + ' ' + open('data.txt').read()"))
put("project/src/beside.py", "NAME = 'beside'")
put("project/data.txt", "from the source folder")
inside = SKLearn(entry_point="src/train.py", source_dir=str(folder / "project"), **common, **machine)
inside.fit()
answers["inside"] = artifact(inside, "made")

# Requirements: a wheel that travels in source_dir.
wheel = folder / "wheeled/tiny_greeting-1.0-py3-none-any.whl"
put("wheeled/requirements.txt", "./tiny_greeting-1.0-py3-none-any.whl\n")
put("wheeled/train.py", "import tiny_greeting\n" + WRITE.format("tiny_greeting.WORDS"))
with zipfile.ZipFile(wheel, "w") as archive:
    info = "tiny_greeting-1.0.dist-info"
    archive.writestr("tiny_greeting.py", "WORDS = 'from a wheel'\n")
    archive.writestr(f"{info}/METADATA", "Metadata-Version: 2.1\nName: tiny-greeting\nVersion: 1.0\n")
    archive.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nGenerator: hand\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
    archive.writestr(f"{info}/RECORD", f"tiny_greeting.py,,\n{info}/METADATA,,\n{info}/WHEEL,,\n{info}/RECORD,,\n")
wheeled = SKLearn(entry_point="train.py", source_dir=str(folder / "wheeled"), **common, **machine)
wheeled.fit()
answers["wheeled"] = artifact(wheeled, "made")

# A shell script.
put("shell/train.sh", 'echo "shell got $*"\nprintf "shell %s" "$SM_HP_DEPTH" > "$SM_MODEL_DIR/made"\n')
shell = SKLearn(
    entry_point="train.sh", source_dir=str(folder / "shell"), hyperparameters={"depth": 3}, **common, **machine
)
shell.fit()
answers["shell"] = artifact(shell, "made")

# A model that was made elsewhere, with the code that serves it inside its archive.
put(
    "served/code/inference.py",
    "import json, words\n"
    "def model_fn(folder): return open(folder + '/weights.txt').read()\n"
    "def input_fn(body, kind): return json.loads(body)['name']\n"
    "def predict_fn(name, model): return f'{model} {words.LINK} {name}'\n"
    "def output_fn(words, accept): return json.dumps({'said': words})\n",
)
put("served/code/words.py", "LINK = 'dear'")
put("served/weights.txt", "hello")
with tarfile.open(folder / "model.tar.gz", "w:gz") as archive:
    archive.add(folder / "served", arcname=".")
data = session.upload_data(str(folder / "model.tar.gz"), key_prefix="models")
talk = {"serializer": JSONSerializer(), "deserializer": JSONDeserializer()}


def said(model):
    model.deploy(initial_instance_count=1, instance_type="ml.m5.large")
    predictor = Predictor(model.endpoint_name, sagemaker_session=session, **talk)
    try:
        return predictor.predict({"name": "reader"})["said"]
    finally:
        predictor.delete_endpoint()


image = above.training_image_uri()
own = {"SAGEMAKER_PROGRAM": "inference.py", "SAGEMAKER_SUBMIT_DIRECTORY": "/opt/ml/model/code"}
answers["own code"] = said(Model(image, data, role=role, env=own, sagemaker_session=session))

# The same through SKLearnModel, which sends the code apart, or packs it into the archive where the model is isolated.
code = {"entry_point": "inference.py", "source_dir": str(folder / "served/code"), "model_data": data}
answers["sent code"] = said(SKLearnModel(**code, **common))
answers["packed code"] = said(SKLearnModel(**code, **common, enable_network_isolation=True))

print()
print(json.dumps(answers))
