/**
 * The outputs of an ensemble: such that its head makes of them the mean of what it makes of the members' outputs. All that looks
 * at outputs or results, calibration included, therefore treats an ensemble as one network.
 */
import { applyHead, type ClassHead, type Head } from './head.js';

/** Finite numbers that a Float32Array keeps finite. */
const lowest = -3.4e38;

/**
 * (count, outputs) raw outputs of each member → (count, outputs). A softmax gets the logarithms of the mean probabilities, and
 * gives these back. The projection of `nearest_distribution` leaves the mean probabilities as they are. Values are the means of
 * the members' outputs. What comes of an output that is not finite is NaN.
 */
export function meanOutputs(head: Head, members: readonly Float32Array[]): Float32Array {
  if (head.kind === 'values') return meanOf(members);
  if (head.probabilities === 'softmax') return logMeanProbabilities(head, members);
  return meanOf(members.map((outputs) => applyHead(withoutDecisions(head), Float64Array.from(outputs))));
}

/** What the ensemble's own head decides is not decided by its members. */
function withoutDecisions({ kind, labels, probabilities }: ClassHead): ClassHead {
  return { kind, labels, probabilities };
}

/** Added in float64, in the members' order. */
function meanOf(members: readonly (Float32Array | Float64Array)[]): Float32Array {
  return Float32Array.from(members[0], (_, i) => {
    const sum = members.reduce((soFar, outputs) => soFar + outputs[i], 0) / members.length;
    return Number.isFinite(sum) ? sum : NaN;
  });
}

/** log (Σ exp(l) / members) with l the log-softmax of each member; no exponent is above 0, so nothing overflows. */
function logMeanProbabilities({ labels }: ClassHead, members: readonly Float32Array[]): Float32Array {
  const classes = labels.length;
  const logs = members.map((outputs) => logSoftmax(outputs, classes));
  return Float32Array.from(logs[0], (_, i) => {
    const largest = logs.reduce((soFar, each) => Math.max(soFar, each[i]), -Infinity);
    const sum = logs.reduce((soFar, each) => soFar + Math.exp(each[i] - largest), 0);
    return Math.max(lowest, largest + Math.log(sum / logs.length));
  });
}

/** (count, classes) in float64; a row in which an output is not finite becomes NaN. */
function logSoftmax(outputs: Float32Array, classes: number): Float64Array {
  const logs = Float64Array.from(outputs);
  for (let start = 0; start < logs.length; start += classes) {
    const row = logs.subarray(start, start + classes);
    const largest = row.reduce((soFar, output) => Math.max(soFar, output), -Infinity);
    const sum = row.reduce((soFar, output) => soFar + Math.exp(output - largest), 0);
    const isFinite = row.every(Number.isFinite);
    for (let c = 0; c < classes; c++) row[c] = isFinite ? row[c] - largest - Math.log(sum) : NaN;
  }
  return logs;
}
