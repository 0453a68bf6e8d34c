"""examples/sklearn-script-mode, trained and served; predictions equal the same scikit-learn's by hand."""

from __future__ import annotations

import io
import json
import shutil
import subprocess

import numpy
from conftest import TOOLKIT

EXAMPLE = TOOLKIT.parents[1] / "examples" / "sklearn-script-mode"
BY_HAND = """
import sys, json, numpy
from sklearn.ensemble import GradientBoostingClassifier
train, rows = (numpy.loadtxt(path, delimiter=",", skiprows=1, dtype=numpy.float32) for path in sys.argv[1:])
model = GradientBoostingClassifier(n_estimators=20, max_depth=2, random_state=0)
print(json.dumps(model.fit(train[:, :4], train[:, 4].astype(int)).predict(rows[:, :4]).tolist()))
"""


def test_example_trains_and_serves(task, serve):
    shutil.copytree(EXAMPLE / "code", task.root / "code", dirs_exist_ok=True)
    for channel in ("train", "test"):
        (task.root / "input/data" / channel).mkdir()
        shutil.copy(EXAMPLE / "data" / f"{channel}.csv", task.root / "input/data" / channel)
    parameters = {"sagemaker_program": "train.py", "n-estimators": "20", "max-depth": "2"}
    task.configure(parameters, {"train": {}, "test": {}})
    ended = task.train()
    assert ended.returncode == 0, ended.stderr
    assert "training on 120 rows of sepal_length" in ended.stdout
    metric = float(ended.stdout.split("test:accuracy=")[1])
    expected = json.loads(
        subprocess.run(
            [task.python, "-c", BY_HAND, EXAMPLE / "data/train.csv", EXAMPLE / "data/test.csv"],
            stdout=subprocess.PIPE,
            check=True,
        ).stdout
    )
    lines = (EXAMPLE / "data/test.csv").read_text().splitlines()[1:]
    species = [int(line.rsplit(",", 1)[1]) for line in lines]
    right = sum(a == b for a, b in zip(expected, species))
    assert metric == round(right / 30, 4) and right >= 27

    shutil.copytree(task.root / "code", task.root / "model" / "code")
    server = serve(None, SAGEMAKER_PROGRAM="train.py")
    rows = [line.rsplit(",", 1)[0] for line in lines]
    assert json.loads(server.invoke("\n".join(rows))[2]) == expected
    assert [json.loads(server.invoke(row)[2])[0] for row in rows] == expected
    stream = io.BytesIO()
    numpy.save(stream, numpy.array([row.split(",") for row in rows], dtype=float))
    answer = server.invoke(stream.getvalue(), "application/x-npy", "application/x-npy")[2]
    assert numpy.load(io.BytesIO(answer)).tolist() == expected
