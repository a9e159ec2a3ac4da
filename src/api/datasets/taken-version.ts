/** What the routes that take in a version have in common: its name, the wait until it has been read, and the answer. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Static } from 'typebox';
import type { DatasetStore } from '../../data/store.js';
import {
  builtInNames,
  type DatasetVersions,
  type StoredVersion,
} from '../../data/versions/dataset-versions.js';
import { TrainyardError } from '../../errors.js';
import { nearestStoredName, storedNamePattern } from '../../lib/stored-name.js';
import { basePathOf } from '../plugins/base-path.js';
import { Dataset, datasetExamples } from './dataset-schemas.js';
import { datasetOf, summaryOf } from './dataset-views.js';

export interface TakenDeps {
  datasets: Pick<DatasetStore, 'info'>;
  versions: Pick<DatasetVersions, 'find' | 'progress'>;
}

export interface TakenVersion {
  name: string;
  version: number;
  /** False where the same content with the same options was there before. */
  isNew: boolean;
}

const mostWaitSeconds = 60;
const lookEveryMs = 100;

const location = {
  Location: { type: 'string', description: 'The URL of the version.' },
  'Preference-Applied': {
    type: 'string',
    description: 'Only when the request was answered after the wait.',
  },
};

const answerOf = (description: string, example: Static<typeof Dataset.schema>) => ({
  description,
  headers: location,
  content: { 'application/json': { schema: Dataset.ref, example } },
});

export const takenResponses = {
  200: answerOf('There is such a version already, and it has been read.', datasetExamples.ready),
  201: answerOf(
    'The version is new and has been read: `status` says with what result.',
    datasetExamples.ready,
  ),
  202: answerOf('The file is stored and will be read.', datasetExamples.processing),
};

/** Answers with the version, once it has been read or the client does not want to wait any longer. */
export function takenAnswers(
  app: FastifyInstance,
  { datasets, versions }: TakenDeps,
): (request: FastifyRequest, reply: FastifyReply, taken: TakenVersion) => Promise<FastifyReply> {
  let isClosing = false;
  app.addHook('preClose', (next) => {
    isClosing = true;
    next();
  });

  async function untilRead(reply: FastifyReply, taken: TakenVersion, waitSeconds: number) {
    const untilMs = performance.now() + waitSeconds * 1_000;
    for (;;) {
      const stored = await versions.find(taken.name, taken.version);
      const isOver = performance.now() >= untilMs || isClosing || reply.raw.destroyed;
      if (stored.result !== null || isOver) return stored;
      await sleep(lookEveryMs);
    }
  }

  async function viewOf(stored: StoredVersion): Promise<Static<typeof Dataset.schema>> {
    const summary = summaryOf(stored);
    const info = summary.status === 'ready' ? await datasets.info(stored.name, stored.version) : null;
    return datasetOf(summary, info, stored.result === null ? await versions.progress(stored) : null);
  }

  return async (request, reply, taken) => {
    const { name, version, isNew } = taken;
    const waitSeconds = waitOf(request.headers['prefer']);
    const stored = await untilRead(reply, taken, waitSeconds);
    if (stored.result !== null && waitSeconds > 0) reply.header('preference-applied', `wait=${waitSeconds}`);
    return reply
      .code(stored.result === null ? 202 : isNew ? 201 : 200)
      .header('location', `${basePathOf(request, reply)}/v1/datasets/${name}/versions/${version}`)
      .send(await viewOf(stored));
  };
}

/** @throws TrainyardError INVALID_REQUEST, DATASET_NAME_TAKEN */
export function requireName(name: string | undefined): string {
  if (name === undefined) {
    const message = 'The dataset has no name: add ?name=… to the URL, or the field name to the form.';
    throw new TrainyardError('INVALID_REQUEST', message);
  }
  if (!storedNamePattern.test(name)) {
    const nearest = nearestStoredName(name);
    const advice = nearest === '' ? '' : ` The nearest valid name is ${JSON.stringify(nearest)}.`;
    throw new TrainyardError(
      'INVALID_REQUEST',
      `${JSON.stringify(name)} is not a valid name of a dataset: use 1 to 64 of a-z, 0-9, '.', '_' and '-', ` +
        `beginning with a letter or a digit.${advice}`,
    );
  }
  if (builtInNames.includes(name)) {
    throw new TrainyardError('DATASET_NAME_TAKEN', `The dataset ${name} is built in; take another name.`);
  }
  return name;
}

/** In seconds, from `Prefer` (RFC 7240); `wait` alone is the most; 0: the client does not wait. */
function waitOf(prefer: string | string[] | undefined): number {
  for (const preference of String(prefer ?? '').split(/[,;]/)) {
    const match = /^\s*wait(?:\s*=\s*"?(\d{1,9})"?)?\s*$/i.exec(preference);
    if (match !== null) return Math.min(Number(match[1] ?? mostWaitSeconds), mostWaitSeconds);
  }
  return 0;
}
