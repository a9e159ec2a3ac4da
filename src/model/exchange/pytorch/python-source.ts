/**
 * model.py: a module for PyTorch that a person can read, with the network, what comes before it and what comes after it. It
 * computes what the service computes, in the same precisions; the parameters are in model.pth.
 */
import type { ClassHead, Head, ValueHead } from '../../heads/head.js';
import type { Activation } from '../../network/network.js';
import type { PortableLayer, PortableModel } from '../portable-model.js';
import { pythonLiteral } from './python-literal.js';
import { tableSource } from './python-table.js';

/** The sections are in the order in which they are computed. */
export function pythonSource(model: PortableModel): string {
  const { members, table, head } = model;
  return [
    heading(model),
    ...(members.length === 1
      ? [networkSource('Network', members[0])]
      : [networkSource('Member', members[0]), ensembleSource(head, members.length)]),
    table === null ? numbersSource(model) : tableSource(table, scaled(model)),
    ...(usesSimplex(head) ? [simplexSource] : []),
    resultsSource(head),
    predictSource(head),
    command,
  ].join('\n\n');
}

function heading({ name, version, table, inputs }: PortableModel): string {
  const rows = table === null ? `each a list of ${inputs} numbers` : 'each a dict of cells by column name';
  return `"""${name}, version ${version}, for PyTorch: the network, what comes before it and what comes after it.

    from model import load, predict
    predict(load("model.pth"), rows)        # rows: ${rows}

From a shell: python model.py model.pth rows.json
"""
import json
import math
import sys
${table === null ? '' : 'from datetime import datetime, timezone\n'}
import torch
import torch.nn.functional as F
from torch import nn
`;
}

const activationSource: Record<Activation, (x: string) => string> = {
  identity: (x) => x,
  relu: (x) => `F.relu(${x})`,
  leaky_relu: (x) => `F.leaky_relu(${x}, 0.01)`,
  sigmoid: (x) => `torch.sigmoid(${x})`,
  tanh: (x) => `torch.tanh(${x})`,
  gelu: (x) => `F.gelu(${x})`,
  silu: (x) => `F.silu(${x})`,
  mish: (x) => `F.mish(${x})`,
  selu: (x) => `F.selu(${x})`,
};

function networkSource(name: string, layers: readonly PortableLayer[]): string {
  const modules = layers.map(
    (layer) => `        self.${layer.name} = nn.Linear(${layer.inputs}, ${layer.outputs})`,
  );
  const steps = layers.map(
    (layer) => `        x = ${activationSource[layer.activation](`self.${layer.name}(x)`)}`,
  );
  return `class ${name}(nn.Module):
    def __init__(self):
        super().__init__()
${modules.join('\n')}

    def forward(self, x):
${steps.join('\n')}
        return x
`;
}

/** The outputs are such that what the head makes of them is the mean: see mean-outputs.ts. */
function ensembleSource(head: Head, members: number): string {
  return `class Network(nn.Module):
    """${members} networks that answer with the mean of ${head.kind === 'values' ? 'their values' : 'their probabilities'}."""

    def __init__(self):
        super().__init__()
        for member in range(1, ${members + 1}):
            setattr(self, f"member{member}", Member())

    def forward(self, x):
        outputs = torch.stack([member(x).double() for member in self.children()])
        return ${meanSource(head)}.float()
`;
}

function meanSource(head: Head): string {
  if (head.kind === 'values') return 'outputs.mean(0)';
  return head.probabilities === 'softmax'
    ? '(torch.logsumexp(torch.log_softmax(outputs, -1), 0) - math.log(len(outputs))).clamp(min=-3.4e38)'
    : 'nearest_distribution(outputs).mean(0)';
}

function numbersSource(model: PortableModel): string {
  return `def inputs_of(rows):
    """(rows, ${model.inputs}) float32"""
    inputs = torch.as_tensor(rows, dtype=torch.float32).reshape(-1, ${model.inputs})
    return ${scaled(model)('inputs')}
`;
}

/** As `applyAffine`: in float64, rounded once. */
function scaled({ scaling }: PortableModel): (inputs: string) => string {
  if (scaling === null) return (inputs) => inputs;
  const { divide_by, mean, std } = scaling;
  return (inputs) => `((${inputs}.double() / ${divide_by} - ${signed(mean)}) / ${signed(std)}).float()`;
}

function signed(number: number): string {
  return number < 0 ? `(${number})` : String(number);
}

function usesSimplex(head: Head): head is ClassHead {
  return head.kind === 'classes' && head.probabilities === 'nearest_distribution';
}

const simplexSource = `def nearest_distribution(outputs):
    """The probabilities nearest to the outputs: J. Duchi et al., 2008, figure 1."""
    outputs = outputs - outputs.max(-1, keepdim=True).values
    falling = outputs.sort(-1, descending=True).values
    shift = (falling.cumsum(-1) - 1) / torch.arange(1, outputs.shape[-1] + 1)
    return (outputs - shift.max(-1, keepdim=True).values).clamp(min=0)
`;

function resultsSource(head: Head): string {
  return head.kind === 'classes' ? probabilitiesSource(head) : valuesSource(head);
}

function probabilitiesSource({ labels, probabilities, temperature = 1 }: ClassHead): string {
  const outputs = temperature === 1 ? 'outputs.double()' : `outputs.double() / ${temperature}`;
  const result =
    probabilities === 'softmax' ? `torch.softmax(${outputs}, -1)` : 'nearest_distribution(outputs.double())';
  return `LABELS = ${pythonLiteral(labels)}


def results_of(outputs):
    """(rows, ${labels.length}) the probability of each label"""
    return ${result}.float()
`;
}

function valuesSource({ names, scaling }: ValueHead): string {
  const means = pythonLiteral(scaling?.map(({ mean }) => mean) ?? []);
  const stds = pythonLiteral(scaling?.map(({ std }) => std) ?? []);
  const double = 'dtype=torch.float64';
  return `NAMES = ${pythonLiteral(names)}


def results_of(outputs):
    """(rows, ${names.length}) the values, in their unit"""
    return ${scaling === undefined ? 'outputs' : `(outputs.double() * torch.tensor(${stds}, ${double}) + torch.tensor(${means}, ${double})).float()`}
`;
}

function predictSource(head: Head): string {
  const answers =
    head.kind === 'values'
      ? `    return [dict(zip(NAMES, row.tolist())) for row in results]`
      : `${answeredSource(head)}
    return [{"label": LABELS[i], "confidence": row[i].item(), "probabilities": row.tolist()} for i, row in zip(answers, results)]`;
  return `def load(path="model.pth"):
    network = Network()
    network.load_state_dict(torch.load(path, weights_only=True))
    return network.eval()


@torch.no_grad()
def predict(network, rows):
    results = results_of(network(inputs_of(rows)))
${answers}
`;
}

function answeredSource({ threshold }: ClassHead): string {
  if (threshold === undefined) return '    answers = results.argmax(-1).tolist()';
  const { positive, at_least } = threshold;
  return `    answers = [${positive} if row[${positive}].item() >= ${at_least} else ${1 - positive} for row in results]`;
}

const command = `if __name__ == "__main__":
    with open(sys.argv[2]) as file:
        print(json.dumps(predict(load(sys.argv[1]), json.load(file)), indent=2))
`;
