"""The peer of bench/predict.mjs: the same weights behind FastAPI, by PyTorch or by ONNX Runtime, as one would write it.

One process of uvicorn with uvloop and httptools, no access log, one thread for the arithmetic, handlers in the event loop
(a thread pool, FastAPI's way for functions that are not async, is slower for so small a network).

    fastapi_service.py torch|onnxruntime model.safetensors PORT
"""
import io
import json
import struct
import sys

import numpy as np
import uvicorn
from fastapi import FastAPI, Request
from pydantic import BaseModel
from safetensors.numpy import load_file

engine, path, port = sys.argv[1], sys.argv[2], int(sys.argv[3])
state = load_file(path)
with open(path, "rb") as file:
    metadata = json.loads(file.read(struct.unpack("<Q", file.read(8))[0]))["__metadata__"]
scaling, labels = json.loads(metadata["preprocessing"]), json.loads(metadata["labels"])
layers = len(state) // 2


def torch_predictor():
    import torch

    torch.set_num_threads(1)
    modules = []
    for layer in range(1, layers + 1):
        outputs, inputs = state[f"fc{layer}.weight"].shape
        linear = torch.nn.Linear(inputs, outputs)
        linear.load_state_dict(
            {name: torch.from_numpy(state[f"fc{layer}.{name}"]) for name in ("weight", "bias")}
        )
        modules += [linear] if layer == layers else [linear, torch.nn.ReLU()]
    model = torch.nn.Sequential(*modules, torch.nn.Softmax(dim=1)).eval()

    @torch.inference_mode()
    def predict(inputs):
        return model(torch.from_numpy(inputs)).numpy()

    return predict


def onnx_predictor():
    import onnxruntime
    from onnx import TensorProto, helper, numpy_helper

    nodes, value = [], "inputs"
    for layer in range(1, layers + 1):
        nodes.append(
            helper.make_node("Gemm", [value, f"fc{layer}.weight", f"fc{layer}.bias"], [f"z{layer}"], transB=1)
        )
        value = f"z{layer}"
        if layer < layers:
            nodes.append(helper.make_node("Relu", [value], [f"a{layer}"]))
            value = f"a{layer}"
    nodes.append(helper.make_node("Softmax", [value], ["probabilities"], axis=1))
    graph = helper.make_graph(
        nodes,
        "mlp",
        [helper.make_tensor_value_info("inputs", TensorProto.FLOAT, ["n", state["fc1.weight"].shape[1]])],
        [helper.make_tensor_value_info("probabilities", TensorProto.FLOAT, ["n", len(labels)])],
        [numpy_helper.from_array(tensor, name) for name, tensor in state.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(model.SerializeToString(), options, ["CPUExecutionProvider"])
    return lambda inputs: session.run(None, {"inputs": inputs})[0]


predict = torch_predictor() if engine == "torch" else onnx_predictor()


class Samples(BaseModel):
    inputs: list[list[float]]


app = FastAPI()


def answer(raw):
    normal = (raw / scaling["divide_by"] - scaling["mean"]) / scaling["std"]
    predictions = []
    for row in predict(normal.astype(np.float32, copy=False)):
        best = int(row.argmax())
        predictions.append(
            {"label": labels[best], "index": best, "confidence": float(row[best]), "probabilities": row.tolist()}
        )
    return {"model": "mnist-mlp", "version": 1, "predictions": predictions}


@app.post("/predict/json")
async def predict_json(samples: Samples):
    return answer(np.array(samples.inputs, dtype=np.float32))


@app.post("/predict/binary")
async def predict_binary(request: Request):
    return answer(np.frombuffer(await request.body(), dtype="<f4").reshape(-1, 784))


@app.post("/predict/image")
async def predict_image(request: Request):
    # The digit is of the right size already: nothing is fitted or centred.
    from PIL import Image

    image = Image.open(io.BytesIO(await request.body())).convert("L")
    return answer(np.asarray(image, dtype=np.float32).reshape(1, 784))


class Server(uvicorn.Server):
    async def startup(self, sockets=None):
        await super().startup(sockets)
        print("listening", flush=True)


Server(
    uvicorn.Config(app, port=port, loop="uvloop", http="httptools", access_log=False, log_level="warning")
).run()
