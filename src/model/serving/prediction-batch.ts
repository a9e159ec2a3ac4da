/**
 * Gathers the predictions that arrive in one turn of the event loop into one batch, since an engine predicts many samples
 * together much faster than one by one. A call that comes alone waits for the end of that turn and no longer. A call with
 * more samples than a batch holds is answered in pieces, with the pieces of other calls in between.
 */
import { TrainyardError } from '../../errors.js';

/** Larger batches hardly make an engine faster, and the first call in a crowd would wait for the last. */
const batchSamples = 64;

/**
 * Batches follow each other for about so long before sockets are read again. With one batch a turn, refusals would starve the accepted
 * requests of an overloaded service: a turn reads from a thousand sockets, and a batch takes a fraction of that time.
 */
const usualTurnMs = 2;

export interface PredictionCall {
  /** (count, network.inputs) raw and finite: an error of the engine fails every call in the batch. */
  inputs: Float32Array;
  count: number;
  /** The client stops waiting then; on the clock of `performance.now`. */
  deadlineMs?: number | undefined;
  /** It may wait until all others have had their turn. */
  isBackground?: boolean | undefined;
  /** Whether the client still waits. Called just before each piece of the work. */
  isWanted?: (() => boolean) | undefined;
}

export interface PredictionAnswer {
  /** (count, network.outputs) after the head: class probabilities or values. */
  results: Float32Array;
  /** From the call until work on its first sample starts. */
  queueMs: number;
  /** The time of all batches with samples of this call. */
  inferenceMs: number;
}

/** (count, network.inputs) raw inputs → (count, network.outputs) results */
type PredictBatch = (inputs: Float32Array, count: number) => Promise<Float32Array>;

type ObserveBatch = (samples: number, ms: number) => void;

/** A call and its progress. */
interface Waiting extends PredictionCall {
  calledAtMs: number;
  /** Samples. */
  done: number;
  /** null until work on it starts. */
  answer: PredictionAnswer | null;
  resolve: (answer: PredictionAnswer) => void;
  reject: (reason: unknown) => void;
}

/** The next `count` samples of a call. */
interface Piece {
  call: Waiting;
  count: number;
}

/**
 * One batch runs at a time; `observe` is called after each.
 * @returns a function that throws TrainyardError DEADLINE_EXCEEDED, CLIENT_GONE, and whatever `predictBatch` throws
 */
export function batchPredictions(
  predictBatch: PredictBatch,
  observe: ObserveBatch = () => undefined,
  turnMs = usualTurnMs,
): (call: PredictionCall) => Promise<PredictionAnswer> {
  const queue: Waiting[] = [];
  /** It fills up batches when nothing else waits. */
  const background: Waiting[] = [];
  const queueOf = (call: PredictionCall): Waiting[] => (call.isBackground === true ? background : queue);
  let isScheduled = false;

  function schedule(): void {
    if (isScheduled || queue.length + background.length === 0) return;
    isScheduled = true;
    // An immediate runs after every socket with data to read has been read.
    setImmediate(() => void runBatches());
  }

  async function runBatches(): Promise<void> {
    const startedMs = performance.now();
    const unfinished: Waiting[] = [];
    do {
      const batch = takeBatch(queue, background);
      if (batch.length > 0) await answer(predictBatch, batch, observe);
      for (const { call } of batch) if (call.done > 0 && call.done < call.count) unfinished.push(call);
    } while (queue.length > 0 && performance.now() - startedMs < turnMs);
    // They go behind the calls that arrived meanwhile, and wait for the next turn, so that a long one does not block them.
    for (const call of unfinished) queueOf(call).push(call);
    isScheduled = false;
    schedule();
  }

  return (call) =>
    new Promise((resolve, reject) => {
      queueOf(call).push({ ...call, calledAtMs: performance.now(), done: 0, answer: null, resolve, reject });
      schedule();
    });
}

/** The first samples of the queue, then of the background, as many as a batch holds. Refuses calls whose client no longer waits. */
function takeBatch(queue: Waiting[], background: Waiting[]): Piece[] {
  const batch: Piece[] = [];
  const nowMs = performance.now();
  let room = batchSamples;
  while (room > 0) {
    const call = queue.shift() ?? background.shift();
    if (call === undefined) break;
    if (call.isWanted?.() === false) {
      call.reject(new TrainyardError('CLIENT_GONE', 'The client went away.'));
    } else if (call.deadlineMs !== undefined && nowMs > call.deadlineMs) {
      const message =
        'The prediction was not made in time. Allow more time, or try again when there is less load.';
      call.reject(new TrainyardError('DEADLINE_EXCEEDED', message));
    } else {
      const count = Math.min(room, call.count - call.done);
      batch.push({ call, count });
      room -= count;
    }
  }
  return batch;
}

async function answer(predictBatch: PredictBatch, batch: Piece[], observe: ObserveBatch): Promise<void> {
  const samples = batch.reduce((sum, { count }) => sum + count, 0);
  const startedMs = performance.now();
  let results: Float32Array;
  try {
    results = await predictBatch(inputsOf(batch), samples);
  } catch (error) {
    for (const { call } of batch) {
      call.done = call.count;
      call.reject(error);
    }
    return;
  }
  const ms = performance.now() - startedMs;
  observe(samples, ms);
  const width = results.length / samples;
  let start = 0;
  for (const { call, count } of batch) {
    const own = results.subarray(start, start + count * width);
    start += own.length;
    addResults(call, count, own, startedMs, ms);
  }
}

/** `own` (count, network.outputs) are the results of the call's next samples. */
function addResults(call: Waiting, count: number, own: Float32Array, startedMs: number, ms: number): void {
  const whole = count === call.count;
  call.answer ??= {
    results: whole ? own : new Float32Array((own.length / count) * call.count),
    queueMs: startedMs - call.calledAtMs,
    inferenceMs: 0,
  };
  if (!whole) call.answer.results.set(own, (own.length / count) * call.done);
  call.answer.inferenceMs += ms;
  call.done += count;
  if (call.done === call.count) call.resolve(call.answer);
}

/** (samples, network.inputs) of the whole batch. */
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
