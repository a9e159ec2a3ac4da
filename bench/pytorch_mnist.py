"""The peer of bench/train.mjs: the same network, data and protocol in PyTorch, as fast as its CPU build goes.

Reads both splits from standard input, normalises them once, and then answers each line: `epoch` with its seconds, `accuracy`, or
`cpu` with the processor seconds so far.
"""
import json
import sys
import time

import torch

settings = json.loads(sys.argv[1])
torch.set_num_threads(settings["threads"])
torch.manual_seed(settings["seed"])
stdin = sys.stdin.buffer
width = settings["width"]


def read_split():
    count = int(stdin.readline())
    kind, size = (torch.uint8, 1) if settings["isBytes"] else (torch.float32, 4)
    inputs = torch.frombuffer(bytearray(stdin.read(count * width * size)), dtype=kind).view(count, width)
    labels = torch.frombuffer(bytearray(stdin.read(count)), dtype=torch.uint8).long()
    if settings["isBytes"]:
        inputs = (inputs.float() / settings["divide_by"] - settings["mean"]) / settings["std"]
    return inputs, labels


(train_x, train_y), (test_x, test_y) = read_split(), read_split()
layers = []
for units in settings["hidden"]:
    layers += [torch.nn.Linear(width, units), torch.nn.ReLU()]
    width = units
model = torch.nn.Sequential(*layers, torch.nn.Linear(width, 10))
loss_of = torch.nn.CrossEntropyLoss()
optimizer = torch.optim.Adam(model.parameters(), lr=1e-3, fused=True)


def epoch():
    start = time.perf_counter()
    for batch in torch.randperm(len(train_y)).split(settings["batchSize"]):
        optimizer.zero_grad(set_to_none=True)
        loss_of(model(train_x[batch]), train_y[batch]).backward()
        optimizer.step()
    return time.perf_counter() - start


def accuracy():
    with torch.no_grad():
        return (model(test_x).argmax(1) == test_y).float().mean().item()


print(f"PyTorch {torch.__version__}, {torch.get_num_threads()} thread(s)", flush=True)
for line in stdin:
    print({b"epoch": epoch, b"accuracy": accuracy, b"cpu": time.process_time}[line.strip()](), flush=True)
