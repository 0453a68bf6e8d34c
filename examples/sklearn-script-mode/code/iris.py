"""Reads a channel of iris measurements; a second module, so that the whole folder must arrive."""

import csv
import os

import numpy as np

FEATURES = ["sepal_length", "sepal_width", "petal_length", "petal_width"]


def load(folder):
    """Rows of all CSV files in `folder`: features as float32, species as 0, 1 or 2."""
    rows = []
    for name in sorted(os.listdir(folder)):
        if name.endswith(".csv"):
            with open(os.path.join(folder, name), newline="") as file:
                rows += list(csv.DictReader(file))
    features = np.array([[float(row[name]) for name in FEATURES] for row in rows], dtype=np.float32)
    return features, np.array([int(row["species"]) for row in rows])
