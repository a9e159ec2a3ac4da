"""Computes with what was exported, in PyTorch or ONNX Runtime. Each line of the input is a request, each of the output its answer."""
import importlib.util
import json
import sys


def predict_with_pytorch(folder, rows):
    spec = importlib.util.spec_from_file_location("model", folder + "/model.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.predict(module.load(folder + "/model.pth"), rows)


def predict_with_onnx(file, cells):
    import numpy
    import onnxruntime

    session = onnxruntime.InferenceSession(file, providers=["CPUExecutionProvider"])
    types = {"tensor(float)": numpy.float32, "tensor(double)": numpy.float64, "tensor(string)": object}
    dtype = {each.name: types[each.type] for each in session.get_inputs()}
    outputs = session.run(None, {name: numpy.array(values, dtype=dtype[name]) for name, values in cells.items()})
    return {each.name: output.tolist() for each, output in zip(session.get_outputs(), outputs)}


requests = {"pytorch": predict_with_pytorch, "onnx": predict_with_onnx}

for line in sys.stdin:
    kind, arguments = json.loads(line)
    try:
        answer = {"answer": requests[kind](*arguments)}
    except Exception as error:
        answer = {"error": f"{type(error).__name__}: {error}"}
    print(json.dumps(answer), flush=True)
