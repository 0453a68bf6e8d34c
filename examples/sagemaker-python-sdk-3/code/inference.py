"""Serves what train.py has saved: rows of four measurements in, rows of three probabilities out."""

from pathlib import Path

import joblib


def model_fn(model_dir):
    return joblib.load(Path(model_dir, "model.joblib"))


def predict_fn(rows, model):
    return model.predict_proba(rows)
