"""A straight line through the points of a CSV channel: a whole algorithm without any library.

train   reads /opt/ml/input/data/train/*.csv, writes /opt/ml/model/line.json
serve   answers GET /ping and POST /invocations (one number a line) on port 8080
"""

import csv
import glob
import http.server
import json
import sys

ML = "/opt/ml"


def train():
    with open(f"{ML}/input/config/hyperparameters.json") as file:
        hyperparameters = json.load(file)  # all values are strings
    x_name, y_name = hyperparameters["x"], hyperparameters["y"]
    points = []
    for path in sorted(glob.glob(f"{ML}/input/data/train/*.csv")):
        with open(path, newline="") as file:
            points += [(float(row[x_name]), float(row[y_name])) for row in csv.DictReader(file)]
    mean_x = sum(x for x, _ in points) / len(points)
    mean_y = sum(y for _, y in points) / len(points)
    slope = sum((x - mean_x) * (y - mean_y) for x, y in points) / sum((x - mean_x) ** 2 for x, _ in points)
    line = {"slope": slope, "intercept": mean_y - slope * mean_x}
    print(f"{len(points)} points: {y_name} = {line['slope']:.4f} * {x_name} + {line['intercept']:.4f}")
    with open(f"{ML}/model/line.json", "w") as file:
        json.dump(line, file)


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        self.answer(200 if self.path == "/ping" else 404, "")

    def do_POST(self):
        text = self.rfile.read(int(self.headers["Content-Length"])).decode()
        try:
            values = [float(line) for line in text.split()]
        except ValueError as error:
            return self.answer(400, f"not a number: {error}")
        self.answer(200, "\n".join(str(LINE["slope"] * x + LINE["intercept"]) for x in values))

    def answer(self, status, text):
        body = text.encode()
        self.send_response(status)
        self.send_header("Content-Type", "text/csv")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


if sys.argv[1:] == ["train"]:
    train()
elif sys.argv[1:] == ["serve"]:
    with open(f"{ML}/model/line.json") as model:
        LINE = json.load(model)
    http.server.ThreadingHTTPServer(("0.0.0.0", 8080), Handler).serve_forever()
else:
    sys.exit(f"expected train or serve, got {sys.argv[1:]}")
