"""Trains boosted trees on the iris channels: an ordinary script for ModelTrainer, which passes hyperparameters as
arguments and says in SM_* variables where things are."""

import argparse
import csv
import os
import shutil
from pathlib import Path

import joblib
import numpy as np
from sklearn.ensemble import GradientBoostingClassifier
from tabulate import tabulate  # of requirements.txt


def load(folder):
    """Rows of all CSV files in `folder`: features, and the species as 0, 1 or 2."""
    rows = []
    for file in sorted(Path(folder).glob("*.csv")):
        with open(file, newline="") as lines:
            rows += list(csv.reader(lines))[1:]
    table = np.array(rows, dtype=float)
    return table[:, :-1], table[:, -1].astype(int)


parser = argparse.ArgumentParser()
parser.add_argument("--n-estimators", type=int, default=50)
parser.add_argument("--max-depth", type=int, default=3)
args = parser.parse_args()

train_x, train_y = load(os.environ["SM_CHANNEL_TRAIN"])
test_x, test_y = load(os.environ["SM_CHANNEL_TEST"])

# A fixed seed: two runs on the same data give the same model.
model = GradientBoostingClassifier(n_estimators=args.n_estimators, max_depth=args.max_depth, random_state=0)
model.fit(train_x, train_y)

accuracy = [["train", len(train_x), model.score(train_x, train_y)], ["test", len(test_x), model.score(test_x, test_y)]]
print(tabulate(accuracy, headers=["channel", "rows", "accuracy"], tablefmt="github"))

model_dir = Path(os.environ["SM_MODEL_DIR"])
joblib.dump(model, model_dir / "model.joblib")
# The script that serves it goes with the artifact, so that a model needs nothing else.
(model_dir / "code").mkdir()
shutil.copy("inference.py", model_dir / "code")
