"""Trains boosted trees on the iris channels and serves it: an ordinary SageMaker script."""

# Before the imports take their time: the log shows when the code began.
print("training script started", flush=True)

import argparse
import os

import joblib
from iris import FEATURES, load
from sklearn.ensemble import GradientBoostingClassifier


def model_fn(model_dir):
    """Loads what training has saved; SageMaker's server finds the other functions by default."""
    return joblib.load(os.path.join(model_dir, "model.joblib"))


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--n-estimators", type=int, default=50)
    parser.add_argument("--max-depth", type=int, default=3)
    parser.add_argument("--model-dir", default=os.environ.get("SM_MODEL_DIR"))
    parser.add_argument("--train", default=os.environ.get("SM_CHANNEL_TRAIN"))
    parser.add_argument("--test", default=os.environ.get("SM_CHANNEL_TEST"))
    args = parser.parse_args()

    train_x, train_y = load(args.train)
    test_x, test_y = load(args.test)
    print(f"training on {len(train_x)} rows of {', '.join(FEATURES)}")

    # A fixed seed: two runs on the same data give the same model.
    model = GradientBoostingClassifier(n_estimators=args.n_estimators, max_depth=args.max_depth, random_state=0)
    model.fit(train_x, train_y)
    joblib.dump(model, os.path.join(args.model_dir, "model.joblib"))
    print(f"train:accuracy={model.score(train_x, train_y):.4f}")
    print(f"test:accuracy={model.score(test_x, test_y):.4f}")
