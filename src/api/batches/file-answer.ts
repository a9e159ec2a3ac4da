/**
 * The course of one file: it is taken in and read while it arrives, predicted a slice at a time, and answered at the pace of
 * the client. Neither waits for the other: see SpooledBody for what arrives, and a client that reads slowly pauses the
 * predictions.
 */
import type { ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { finished } from 'node:stream/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { openReader } from '../../data/formats/open-reader.js';
import { TableRefusal, type FormatOptions, type RowReader } from '../../data/formats/rows.js';
import { TrainyardError } from '../../errors.js';
import type { PredictionColumnOptions } from '../../model/heads/prediction-columns.js';
import type { ServedModel } from '../../model/serving/loaded-model.js';
import type { SpooledBody } from '../bodies/spooled-body.js';
import { failureOf } from '../problems/problem.js';
import { beginningBytes, beginsAsParquet } from './file-beginning.js';
import { invalidTable, PredictedRows, type OutputFormat } from './predicted-rows.js';

/** A client that has sent everything and reads nothing for so long is gone. */
const mostUnreadMs = 120_000;
const lookEveryMs = 1_000;
/** How long a client that still sends may take to notice that its answer has ended. */
const mostDrainMs = 10_000;

const mediaTypes: Record<OutputFormat, string> = {
  csv: 'text/csv; charset=utf-8',
  jsonl: 'application/x-ndjson',
};

export interface FileAnswerOptions {
  format: FormatOptions;
  /** Of the answer, where the client says so. */
  output: OutputFormat | undefined;
  added: PredictionColumnOptions;
  /** Asked between slices. @throws TrainyardError when the work is to end */
  refuseUnwanted: () => void;
}

/**
 * Resolves when the last byte is sent or the client is gone, to what was answered.
 * @throws TrainyardError before anything is sent
 */
export async function answerFile(
  body: SpooledBody,
  model: ServedModel,
  reply: FastifyReply,
  options: FileAnswerOptions,
): Promise<PredictedRows> {
  const { format, added, refuseUnwanted } = options;
  const reader = await readerOf(body, format);
  const output = outputOf(reader.dialect.format, options.output, reply.request);
  const rows = new PredictedRows(reader, model, { output, added, refuseUnwanted });
  const parts = rows.parts();
  // Until there are rows, whatever is wrong is answered as any other problem.
  const first = await parts.next();
  const stream = new AnswerStream(rows, body, reply);
  reply.trailer('x-rows', (_reply, _payload, done) => done(null, String(rows.rows)));
  reply.trailer('x-failed-rows', (_reply, _payload, done) => done(null, String(rows.failed)));
  const { model: name, version } = model.manifest;
  void reply
    .headers({
      'content-type': mediaTypes[output],
      'content-disposition': `attachment; filename="${name}-predictions.${output}"`,
      'cache-control': 'no-store',
      // A proxy must not wait for the end.
      'x-accel-buffering': 'no',
      'x-model-version': version,
    })
    .send(Readable.from(stream.chunks(first.done === true ? '' : first.value, parts)));
  await stream.ended();
  return rows;
}

/** @throws TrainyardError DATASET_INVALID, and what the body throws */
async function readerOf(body: SpooledBody, format: FormatOptions): Promise<RowReader> {
  if (beginsAsParquet(await body.slice(0, beginningBytes))) await body.whole();
  try {
    return await openReader(body, { ...format, keepBadRows: true });
  } catch (error) {
    throw error instanceof TableRefusal ? invalidTable(error) : error;
  }
}

/** @throws TrainyardError INVALID_REQUEST */
function outputOf(
  format: RowReader['dialect']['format'],
  wanted: OutputFormat | undefined,
  { headers }: FastifyRequest,
): OutputFormat {
  if (format === 'parquet') {
    const acceptsLines = /application\/(?:x-ndjson|jsonl|json-?lines)/i.test(headers.accept ?? '');
    return wanted ?? (acceptsLines ? 'jsonl' : 'csv');
  }
  const own = format === 'jsonl' ? 'jsonl' : 'csv';
  if (wanted === undefined || wanted === own) return own;
  const message = `The file is ${own === 'csv' ? 'CSV' : 'JSON Lines'} and is answered as it is; output=${wanted} is for Parquet.`;
  throw new TrainyardError('INVALID_REQUEST', message);
}

class AnswerStream {
  readonly #rows: PredictedRows;
  readonly #body: SpooledBody;
  readonly #response: ServerResponse;
  readonly #request: FastifyRequest;
  /** Since when the client has not taken what there is for it; null: it is not waited for. */
  #unreadSinceMs: number | null = null;

  constructor(rows: PredictedRows, body: SpooledBody, { raw, request }: FastifyReply) {
    this.#rows = rows;
    this.#body = body;
    this.#response = raw;
    this.#request = request;
  }

  /** Ends with an error where rows are missing, which ends the connection before the answer is complete. */
  async *chunks(first: string, parts: AsyncGenerator<string>): AsyncGenerator<string> {
    try {
      yield* this.#watched(first);
      for await (const part of parts) yield* this.#watched(part);
    } catch (error) {
      yield this.#rows.lastLine(failureOf(error, this.#request).detail);
      await this.#sent();
      throw error;
    }
  }

  async ended(): Promise<void> {
    const timer = setInterval(() => this.#dropIdle(), lookEveryMs).unref();
    await finished(this.#response).catch(() => undefined);
    clearInterval(timer);
  }

  /** A generator stands still at its `yield` while the client does not read. */
  *#watched(part: string): Generator<string> {
    this.#unreadSinceMs = performance.now();
    yield part;
    this.#unreadSinceMs = null;
  }

  #dropIdle(): void {
    // While it sends, it may be one that reads only afterwards.
    if (!this.#body.hasArrived) this.#unreadSinceMs &&= performance.now();
    const since = this.#unreadSinceMs;
    if (since !== null && performance.now() - since > mostUnreadMs) this.#response.destroy();
  }

  /**
   * Waits until the answer so far is on its way, and the client has sent what it sends: bytes that nobody has read when a
   * connection is closed make the system drop what is on its way.
   */
  async #sent(): Promise<void> {
    this.#request.raw.resume();
    const untilMs = performance.now() + mostDrainMs;
    const isUnderWay = (): boolean => this.#response.writableLength > 0 || !this.#request.raw.complete;
    do await sleep(20);
    while (isUnderWay() && !this.#response.destroyed && performance.now() < untilMs);
  }
}
