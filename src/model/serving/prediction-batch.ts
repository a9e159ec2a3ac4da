/**
 * Gathers what is asked of a predictor in one turn of the event loop into one call of it, as a network takes many samples
 * in much less time than one after the other. Who asks alone waits for nothing but the end of that turn. Who asks for
 * more than a batch holds gets it in pieces, and others have theirs in between.
 */
import { TrainyardError } from '../../errors.js';
import type { Predictor } from '../engines/engine.js';

/** With more samples an engine is hardly faster, and the first of a crowd would wait for the last. */
const batchSamples = 64;

export interface PredictionCall {
  /** (count, network.inputs) raw and finite: what the predictor throws is thrown to all who share its batch. */
  inputs: Float32Array;
  count: number;
  /** After which nobody waits for the answer any more; on the clock of `performance.now`. */
  deadlineMs?: number | undefined;
  /** Whether somebody still waits; asked just before each piece of the work. */
  isWanted?: (() => boolean) | undefined;
}

export interface PredictionAnswer {
  /** (count, network.outputs) */
  probabilities: Float32Array;
  /** From the call to the first of its samples being worked on. */
  queueMs: number;
  /** Of the batches that it was part of. */
  inferenceMs: number;
}

export interface BatchingPredictor {
  /** @throws TrainyardError DEADLINE_EXCEEDED, CLIENT_GONE */
  predict(call: PredictionCall): Promise<PredictionAnswer>;
  dispose(): void;
}

/** A call and how far it has got. */
interface Waiting extends PredictionCall {
  askedMs: number;
  /** Samples. */
  done: number;
  /** Once it is begun. */
  answer: PredictionAnswer | null;
  resolve: (answer: PredictionAnswer) => void;
  reject: (reason: unknown) => void;
}

/** The next `count` samples of a call. */
interface Piece {
  call: Waiting;
  count: number;
}

/** There is one batch at a time. `observe` hears of each. */
export function createBatchingPredictor(
  predictor: Predictor,
  observe: (samples: number, ms: number) => void = () => undefined,
): BatchingPredictor {
  const line: Waiting[] = [];
  let scheduled = false;

  function schedule(): void {
    if (scheduled || line.length === 0) return;
    scheduled = true;
    // As an immediate it runs when every socket that has something to read has been read.
    setImmediate(() => void answerBatch());
  }

  async function answerBatch(): Promise<void> {
    const batch = takeBatch(line);
    if (batch.length > 0) await answer(predictor, batch, observe);
    // Behind those who came meanwhile, so that a long call does not keep others waiting.
    for (const { call } of batch) if (call.done > 0 && call.done < call.count) line.push(call);
    scheduled = false;
    schedule();
  }

  return {
    predict(call) {
      return new Promise((resolve, reject) => {
        line.push({ ...call, askedMs: performance.now(), done: 0, answer: null, resolve, reject });
        schedule();
      });
    },
    dispose: () => predictor.dispose(),
  };
}

/** The first samples of the line, as many as a batch holds; calls that nobody waits for any more leave it. */
function takeBatch(line: Waiting[]): Piece[] {
  const batch: Piece[] = [];
  const nowMs = performance.now();
  let room = batchSamples;
  while (room > 0) {
    const call = line.shift();
    if (call === undefined) break;
    if (call.isWanted?.() === false) {
      call.reject(new TrainyardError('CLIENT_GONE', 'The client went away.'));
    } else if (call.deadlineMs !== undefined && nowMs > call.deadlineMs) {
      const message =
        'The prediction was not made in time. Allow more time, or ask again when less is asked.';
      call.reject(new TrainyardError('DEADLINE_EXCEEDED', message));
    } else {
      const count = Math.min(room, call.count - call.done);
      batch.push({ call, count });
      room -= count;
    }
  }
  return batch;
}

async function answer(
  predictor: Predictor,
  batch: Piece[],
  observe: (samples: number, ms: number) => void,
): Promise<void> {
  const samples = batch.reduce((sum, { count }) => sum + count, 0);
  const startedMs = performance.now();
  let probabilities: Float32Array;
  try {
    probabilities = await predictor.predict(inputsOf(batch), samples);
  } catch (error) {
    for (const { call } of batch) {
      call.done = call.count;
      call.reject(error);
    }
    return;
  }
  const ms = performance.now() - startedMs;
  observe(samples, ms);
  const classes = probabilities.length / samples;
  let start = 0;
  for (const { call, count } of batch) {
    const own = probabilities.subarray(start, start + count * classes);
    start += own.length;
    give(call, count, own, startedMs, ms);
  }
}

/** `own` (count, classes) is what became of its next samples. */
function give(call: Waiting, count: number, own: Float32Array, startedMs: number, ms: number): void {
  const whole = count === call.count;
  call.answer ??= {
    probabilities: whole ? own : new Float32Array((own.length / count) * call.count),
    queueMs: startedMs - call.askedMs,
    inferenceMs: 0,
  };
  if (!whole) call.answer.probabilities.set(own, (own.length / count) * call.done);
  call.answer.inferenceMs += ms;
  call.done += count;
  if (call.done === call.count) call.resolve(call.answer);
}

/** (samples, width) of the whole batch. */
function inputsOf(batch: Piece[]): Float32Array {
  const pieces = batch.map(({ call: { inputs, count: all, done }, count }) => {
    const width = inputs.length / all;
    return count === all ? inputs : inputs.subarray(done * width, (done + count) * width);
  });
  if (pieces.length === 1) return pieces[0];
  const joined = new Float32Array(pieces.reduce((length, piece) => length + piece.length, 0));
  let start = 0;
  for (const piece of pieces) {
    joined.set(piece, start);
    start += piece.length;
  }
  return joined;
}
