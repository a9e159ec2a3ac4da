"""The peer of bench/gpu.mjs: the same networks, data and protocol in PyTorch on the GPU, in float32 without TF32.

Reads both splits from standard input and then answers each line, a task in JSON, with the milliseconds of its epochs:
`eager` with a fused Adam, `graphs` with CUDA graphs of many steps, `compile` with torch.compile and its CUDA graphs.
"""
import json
import sys
import time
import traceback

import torch

settings = json.loads(sys.argv[1])
torch.backends.cuda.matmul.allow_tf32 = False
torch.set_float32_matmul_precision("highest")
device = "cuda" if torch.cuda.is_available() else "cpu"
stdin = sys.stdin.buffer
WARM_UPS = 2


def read_split():
    count = int(stdin.readline())
    inputs = torch.frombuffer(bytearray(stdin.read(count * settings["width"])), dtype=torch.uint8)
    labels = torch.frombuffer(bytearray(stdin.read(count)), dtype=torch.uint8).long()
    inputs = (inputs.view(count, -1).float() / settings["divide_by"] - settings["mean"]) / settings["std"]
    return inputs.to(device), labels.to(device)


(train_x, train_y), (test_x, test_y) = read_split(), read_split()
count = len(train_y)
loss_of = torch.nn.functional.cross_entropy


def network(hidden):
    torch.manual_seed(1)
    width, layers = settings["width"], []
    for units in hidden:
        layers += [torch.nn.Linear(width, units), torch.nn.ReLU()]
        width = units
    return torch.nn.Sequential(*layers, torch.nn.Linear(width, 10)).to(device)


def wait():
    if device == "cuda":
        torch.cuda.synchronize()


def eager(model, batch_size, compiled=False):
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3, fused=True)
    loss_of_batch = lambda x, y: loss_of(model(x), y)
    if compiled:
        loss_of_batch = torch.compile(loss_of_batch, mode="reduce-overhead")
    # A last batch of another size would be compiled anew.
    end = count - count % batch_size if compiled else count

    def epoch():
        order = torch.randperm(count, device=device)
        total = torch.zeros((), device=device)
        for first in range(0, end, batch_size):
            rows = order[first : first + batch_size]
            if compiled:
                torch.compiler.cudagraph_mark_step_begin()
            optimizer.zero_grad(set_to_none=True)
            loss = loss_of_batch(train_x[rows], train_y[rows])
            loss.backward()
            optimizer.step()
            total += loss.detach() * len(rows)
        return total.item() / end

    return epoch


def graphs(model, batch_size, together):
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3, fused=True, capturable=True)
    steps, rest = divmod(count, batch_size)
    order = torch.arange(count, device=device)
    place = torch.zeros(1, dtype=torch.int64, device=device)
    offsets = torch.arange(batch_size, device=device)
    total = torch.zeros((), device=device)

    def learn(rows):
        loss = loss_of(model(train_x[rows]), train_y[rows])
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
        total.add_(loss.detach() * len(rows))

    def step():
        learn(order[place + offsets])
        place.add_(batch_size)

    def last_step():
        learn(order[steps * batch_size :])

    def capture(work, times):
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph):
            for _ in range(times):
                work()
        return graph

    stream = torch.cuda.Stream()
    stream.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(stream):
        for _ in range(3):
            step()
        if rest:
            last_step()
    torch.cuda.current_stream().wait_stream(stream)
    many = capture(step, together)
    few = capture(step, steps % together) if steps % together else None
    last = capture(last_step, 1) if rest else None

    def epoch():
        order.copy_(torch.randperm(count, device=device))
        place.zero_()
        total.zero_()
        for _ in range(steps // together):
            many.replay()
        if few:
            few.replay()
        if last:
            last.replay()
        return total.item() / count

    return epoch


def time_epochs(task):
    model = network(task["hidden"])
    batch_size = task["batchSize"]
    if task["kind"] == "graphs":
        epoch = graphs(model, batch_size, 50 if batch_size < 512 else 20)
    else:
        epoch = eager(model, batch_size, compiled=task["kind"] == "compile")
    epochs = task["epochs"] if task["kind"] == "graphs" else min(task["epochs"], 3)
    seconds = []
    for number in range(WARM_UPS + epochs):
        wait()
        start = time.perf_counter()
        loss = epoch()
        wait()
        if number >= WARM_UPS:
            seconds.append(time.perf_counter() - start)
    with torch.no_grad():
        accuracy = (model(test_x).argmax(1) == test_y).float().mean().item()
    return {"ms": [1000 * taken for taken in seconds], "loss": loss, "accuracy": accuracy}


def answer(document):
    print(json.dumps(document), flush=True)


gpu = torch.cuda.get_device_name(0) if device == "cuda" else "CPU"
answer({"name": f"PyTorch {torch.__version__}, {gpu}"})
for line in stdin:
    try:
        answer(time_epochs(json.loads(line)))
    except Exception as error:
        traceback.print_exc()
        answer({"error": repr(error)[:300]})
