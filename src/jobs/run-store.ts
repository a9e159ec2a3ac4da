/**
 * The run store: the truth about every run, as files that are written once, and a log of events.
 *
 *     runs/{id}/spec.json          what to train; written before the run is enqueued
 *     runs/{id}/events.jsonl       what happened; appended by the one process that has the run in hand
 *     runs/{id}/checkpoints/       see model/checkpoint.ts
 *     runs/{id}/result.json        how it ended; the first writer's stands
 *
 * Ids sort by the time of creation, so that a listing of the folder is a listing by age.
 */
import { monotonicFactory } from 'ulid';
import { TrainyardError } from '../errors.js';
import { withDropout } from '../model/network.js';
import type { Storage } from '../storage/storage.js';
import type { RunEvent, RunEventBody, RunResult, RunSpec } from './contracts.js';

export interface RunStore {
  /** Stores a new run and gives it an id. */
  create(spec: RunSpec): Promise<string>;
  /**
   * null: there is no such run.
   * @throws TrainyardError RUN_CORRUPT
   */
  readSpec(runId: string): Promise<RunSpec | null>;
  /**
   * null: the run has not ended.
   * @throws TrainyardError RUN_CORRUPT
   */
  readResult(runId: string): Promise<RunResult | null>;
  /** False, and nothing changed, when the run has ended already. */
  writeResult(runId: string, result: RunResult): Promise<boolean>;
  /** The whole events past that many bytes, and where the next ones will begin. */
  readEvents(runId: string, fromByte: number): Promise<{ events: RunEvent[]; nextByte: number }>;
  /** For the one process that has the run in hand. */
  openEventLog(runId: string): Promise<EventLog>;
  /** All ids, oldest first. */
  ids(): Promise<string[]>;
  /** The prefix under which the run's checkpoints lie. */
  checkpointsOf(runId: string): string;
}

export interface EventLog {
  append(...bodies: RunEventBody[]): Promise<void>;
}

const newline = '\n'.charCodeAt(0);

export function createRunStore(storage: Storage, now: () => Date = () => new Date()): RunStore {
  const nextUlid = monotonicFactory();
  const key = (runId: string, file: string): string => `runs/${runId}/${file}`;

  async function readDocument(runId: string, file: string): Promise<unknown> {
    if (!isRunId(runId)) return null;
    const bytes = await storage.read(key(runId, file));
    return bytes === null ? null : parseDocument(bytes, key(runId, file));
  }

  async function readEvents(
    runId: string,
    fromByte: number,
  ): Promise<{ events: RunEvent[]; nextByte: number }> {
    const bytes = (await storage.read(key(runId, 'events.jsonl'), { from: fromByte })) ?? Buffer.alloc(0);
    // A line without its end is still being written, or was cut off by a crash.
    const end = bytes.lastIndexOf(newline) + 1;
    const lines = bytes.subarray(0, end).toString().split('\n');
    return { events: lines.flatMap(parseEvent), nextByte: fromByte + end };
  }

  return {
    async create(spec) {
      for (;;) {
        const runId = `job_${nextUlid(now().getTime())}`;
        if (await storage.create(key(runId, 'spec.json'), encode(spec))) return runId;
      }
    },

    async readSpec(runId) {
      const spec = (await readDocument(runId, 'spec.json')) as RunSpec | null;
      return spec && { ...spec, network: withDropout(spec.network) };
    },

    async readResult(runId) {
      return (await readDocument(runId, 'result.json')) as RunResult | null;
    },

    writeResult(runId, result) {
      return storage.create(key(runId, 'result.json'), encode(result));
    },

    readEvents,

    async openEventLog(runId) {
      const { events, nextByte } = await readEvents(runId, 0);
      let seq = events.at(-1)?.seq ?? 0;
      const torn = await storage.read(key(runId, 'events.jsonl'), { from: nextByte });
      // Ends the torn line, which readers then skip, so that the next event begins on a line of its own.
      if (torn !== null && torn.length > 0)
        await storage.append(key(runId, 'events.jsonl'), Buffer.from('\n'));
      return {
        async append(...bodies) {
          const time = now().toISOString();
          const lines = bodies.map((body) => `${JSON.stringify({ seq: ++seq, time, ...body })}\n`);
          await storage.append(key(runId, 'events.jsonl'), Buffer.from(lines.join('')));
        },
      };
    },

    async ids() {
      return (await storage.list('runs')).filter(isRunId);
    },

    checkpointsOf: (runId) => `runs/${runId}/checkpoints`,
  };
}

/** Whether this could be the id of a run; anything else a client asks for is simply not there. */
function isRunId(text: string): boolean {
  return /^job_[0-9A-HJKMNP-TV-Z]{26}$/.test(text);
}

function encode(document: object): Buffer {
  return Buffer.from(JSON.stringify(document, null, 2));
}

function parseDocument(bytes: Buffer, key: string): unknown {
  let document: unknown;
  try {
    document = JSON.parse(bytes.toString());
  } catch (cause) {
    throw new TrainyardError('RUN_CORRUPT', `${key} is not JSON.`, { cause });
  }
  if ((document as { format_version?: unknown } | null)?.format_version !== 1) {
    throw new TrainyardError('RUN_CORRUPT', `${key} is not of format version 1, the only one that is read.`);
  }
  return document;
}

/** [] for a line that a crash cut off. */
function parseEvent(line: string): RunEvent[] {
  try {
    return [JSON.parse(line) as RunEvent];
  } catch {
    return [];
  }
}
