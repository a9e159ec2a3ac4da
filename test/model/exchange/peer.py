"""Computes with what was exported, in PyTorch or ONNX Runtime. Each line of the input is a request, each of the output its answer."""
import importlib.util
import json
import sys


def predict_with_pytorch(folder, rows):
    spec = importlib.util.spec_from_file_location("model", folder + "/model.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.predict(module.load(folder + "/model.pth"), rows)


requests = {"pytorch": predict_with_pytorch}

for line in sys.stdin:
    kind, arguments = json.loads(line)
    try:
        answer = {"answer": requests[kind](*arguments)}
    except Exception as error:
        answer = {"error": f"{type(error).__name__}: {error}"}
    print(json.dumps(answer), flush=True)
