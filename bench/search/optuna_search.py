"""Optuna's TPESampler, asked by bench/search.mjs.

The first line that it prints names its version. Each line that it reads is a search: {"space", "seed", "trials"}.
For each trial it prints {"parameters"} and reads {"value"}; the caller holds the objective, so that all searches share it.
"""

import json
import sys

import optuna

optuna.logging.set_verbosity(optuna.logging.ERROR)


def say(message):
    print(json.dumps(message), flush=True)


def suggest(trial, path, parameter):
    if "values" in parameter:
        # Values of any kind, by their index.
        values = parameter["values"]
        return values[trial.suggest_categorical(path, list(range(len(values))))]
    low, high = parameter["min"], parameter["max"]
    log = parameter.get("scale") == "log"
    if parameter.get("integer"):
        return trial.suggest_int(path, low, high, log=log)
    return trial.suggest_float(path, low, high, log=log)


def search(task):
    # The default of version 5.
    study = optuna.create_study(sampler=optuna.samplers.TPESampler(seed=task["seed"], multivariate=True))
    for _ in range(task["trials"]):
        trial = study.ask()
        parameters = {path: suggest(trial, path, each) for path, each in task["space"].items()}
        say({"parameters": parameters})
        study.tell(trial, json.loads(sys.stdin.readline())["value"])


say({"version": optuna.__version__})
for line in sys.stdin:
    search(json.loads(line))
