/**
 * Gathers what is asked of a predictor in one turn of the event loop into one call of it, as a network takes many samples
 * in much less time than one after the other. Who asks alone waits for nothing but the end of that turn.
 */
import type { Predictor } from './engines/engine.js';

/** With more samples an engine is hardly faster, and the first of a crowd would wait for the last. */
const batchSamples = 64;

interface Call {
  /** (count, width) */
  inputs: Float32Array;
  count: number;
  resolve: (probabilities: Float32Array) => void;
  reject: (reason: unknown) => void;
}

/**
 * Answers as `predictor` does. A batch is of whole calls in their order, and there is one a turn; a call of more samples
 * than a batch holds is a batch of its own. What the predictor throws is thrown to every call in the batch, so that who
 * calls checks its inputs before.
 */
export function createBatchingPredictor(predictor: Predictor): Predictor {
  const waiting: Call[] = [];

  /** As an immediate it runs when every socket that has something to read has been read. */
  function answerBatch(): void {
    const batch = waiting.splice(0, callsInBatch(waiting));
    if (waiting.length > 0) setImmediate(answerBatch);
    void answer(predictor, batch);
  }

  return {
    predict(inputs, count) {
      return new Promise((resolve, reject) => {
        if (waiting.length === 0) setImmediate(answerBatch);
        waiting.push({ inputs, count, resolve, reject });
      });
    },
    dispose: () => predictor.dispose(),
  };
}

/** As many of the first calls as a batch holds, and one at least. */
function callsInBatch(waiting: Call[]): number {
  let calls = 1;
  let samples = waiting[0].count;
  while (calls < waiting.length && samples + waiting[calls].count <= batchSamples) {
    samples += waiting[calls].count;
    calls++;
  }
  return calls;
}

async function answer(predictor: Predictor, batch: Call[]): Promise<void> {
  try {
    const samples = batch.reduce((sum, { count }) => sum + count, 0);
    const probabilities = await predictor.predict(joinedInputs(batch), samples);
    const outputs = probabilities.length / samples;
    let start = 0;
    for (const { count, resolve } of batch) {
      resolve(probabilities.subarray(start, start + count * outputs));
      start += count * outputs;
    }
  } catch (error) {
    for (const { reject } of batch) reject(error);
  }
}

/** (samples, width) of the whole batch. */
function joinedInputs(batch: Call[]): Float32Array {
  if (batch.length === 1) return batch[0].inputs;
  const joined = new Float32Array(batch.reduce((length, { inputs }) => length + inputs.length, 0));
  let start = 0;
  for (const { inputs } of batch) {
    joined.set(inputs, start);
    start += inputs.length;
  }
  return joined;
}
