/** Checks everything that is stored for a run. */
import { TrainyardError } from '../errors.js';
import type { RunEvent } from '../jobs/runs/run-events.js';
import { decodeDocument, encodeDocument } from '../jobs/runs/json-document.js';
import { parseEvents } from '../jobs/runs/event-lines.js';
import {
  pauseRequest,
  runClosing,
  runEnding,
  runResult,
  termClaim,
  termEnd,
} from '../jobs/runs/event-shapes.js';
import { runSpec } from '../jobs/runs/spec-shape.js';
import { logStart } from '../jobs/runs/run-log.js';
import { createRunStore } from '../jobs/runs/run-store.js';
import { object } from '../lib/json-shape.js';
import { deliveryAttempt } from '../jobs/webhooks/delivery-log.js';
import type { CheckpointManifest } from '../model/files/checkpoint.js';
import { decodeManifest } from '../model/files/manifest.js';
import type { Storage } from '../storage/storage.js';
import { checkFile, damageOf, damageOfDocument, type Counts, type Damage, type Part } from './damage.js';

export function runPart(id: string): Part {
  return { name: `runs/${id}`, check: (storage, counts) => checkRun(storage, id, counts) };
}

async function checkRun(storage: Storage, id: string, counts: Counts): Promise<Damage[]> {
  counts.jobs++;
  const folder = `runs/${id}`;
  const withoutSpec = {
    cost: `The job ${id} cannot be shown or resumed; versions that it has published are unaffected.`,
    repair: [{ move: folder }],
  };
  const checkSpec = async (): Promise<void> => {
    const bytes = await storage.read(`${folder}/spec.json`);
    if (bytes === null) throw new TrainyardError('RUN_CORRUPT', `${folder}/spec.json is missing.`);
    decodeDocument(bytes, `${folder}/spec.json`, runSpec);
  };
  const spec = await damageOf(`${folder}/spec.json`, checkSpec, withoutSpec);
  if (spec.length > 0) return spec;
  const documents = [...(await checkEnd(storage, id)), ...(await checkTerms(storage, id))];
  return [
    ...documents,
    // Reading the events also reads these documents.
    ...(documents.length === 0 ? await checkEvents(storage, id) : []),
    ...(await checkCheckpoints(storage, id, counts)),
    ...(await checkWebhooks(storage, id)),
  ];
}

async function checkEnd(storage: Storage, id: string): Promise<Damage[]> {
  const key = (file: string): string => `runs/${id}/${file}`;
  const check = (
    file: string,
    ...[shape, cost, moved]: [Parameters<typeof damageOfDocument>[2], string, string[]]
  ) =>
    damageOfDocument(storage, key(file), shape, { cost, repair: moved.map((each) => ({ move: key(each) })) });
  return [
    ...(await check(
      'result.json',
      runResult,
      `The job ${id} cannot be shown. Once the file is moved aside, the job continues from its checkpoints and ends again.`,
      ['result.json', 'closing.json'],
    )),
    ...(await check(
      'ending.json',
      runEnding,
      `The job ${id} cannot end. Once the file is moved aside, a cancellation in it is lost.`,
      ['ending.json'],
    )),
    ...(await check(
      'closing.json',
      runClosing,
      `The events of the job ${id} cannot be read. Once the file is moved aside, it is created again.`,
      ['closing.json'],
    )),
  ];
}

async function checkTerms(storage: Storage, id: string): Promise<Damage[]> {
  const damages: Damage[] = [];
  const now = new Date().toISOString();
  for (const name of await storage.list(`runs/${id}/terms`)) {
    const key = `runs/${id}/terms/${name}`;
    const [, kind] = /^\d{6,}(\.pause|\.end)?\.json$/.exec(name) ?? [null, null];
    if (kind === null) continue;
    // Only the existence of a claim or a request matters, so a valid one must take its place.
    const replaced = (content: object) => ({
      cost: 'None: only the existence of the file matters.',
      repair: [{ move: key }, { put: key, content: encodeDocument(content) }],
    });
    if (kind === '.end') {
      const cost = `The events of the job ${id} cannot be read. Once the file is moved aside, it is created again.`;
      damages.push(...(await damageOfDocument(storage, key, termEnd, { cost, repair: [{ move: key }] })));
    } else if (kind === '.pause') {
      damages.push(...(await damageOfDocument(storage, key, pauseRequest, replaced({ asked_at: now }))));
    } else {
      const claim = { claimed_at: now, claimed_by: 'check-data' };
      damages.push(...(await damageOfDocument(storage, key, termClaim, replaced(claim))));
    }
  }
  return damages;
}

/** Reports each log that has lost events. The repair adds lines that record the loss permanently. */
async function checkEvents(storage: Storage, id: string): Promise<Damage[]> {
  const folder = `runs/${id}/events`;
  const written = new Map<string, RunEvent[]>();
  for (const name of await storage.list(folder)) {
    const key = `${folder}/${name}`;
    const cost = `The job ${id} cannot be shown or resumed.`;
    const unreadable = await damageOf(key, async () => written.set(key, await linesOf(storage, id, name)), {
      cost,
      repair: [],
    });
    if (unreadable.length > 0) return unreadable;
  }
  const { events } = await createRunStore(storage).readEvents(id, logStart);
  const said = new Set([...written.values()].flat().map(({ seq }) => seq));
  const lost = new Map<string, RunEvent[]>();
  for (const event of events) {
    if (event.type !== 'missing' || said.has(event.seq)) continue;
    const file = /(runs\/\S+) is damaged/.exec(event.message)?.[1] ?? folder;
    lost.set(file, [...(lost.get(file) ?? []), event]);
  }
  return [...lost].map(([file, missing]) => ({
    key: file,
    problem: missing.map((event) => (event.type === 'missing' ? event.message : '')).join(' '),
    cost: `These events of the job ${id} cannot be shown; its checkpoints and versions are unaffected.`,
    repair:
      file === folder
        ? [{ move: `runs/${id}/closing.json` }]
        : repairOf(file, written.get(file) ?? [], missing),
  }));
}

/** The events of a term, up to its recorded end. */
async function linesOf(storage: Storage, id: string, name: string): Promise<RunEvent[]> {
  const endKey = `runs/${id}/terms/${name.replace('.jsonl', '.end.json')}`;
  const end = await storage.read(endKey);
  const lines = (await storage.read(`runs/${id}/events/${name}`)) ?? Buffer.alloc(0);
  return parseEvents(end === null ? lines : lines.subarray(0, decodeDocument(end, endKey, termEnd).bytes));
}

function repairOf(file: string, kept: readonly RunEvent[], missing: readonly RunEvent[]): Damage['repair'] {
  const events = [...kept, ...missing].sort((a, b) => a.seq - b.seq);
  const content = Buffer.from(events.map((event) => `${JSON.stringify(event)}\n`).join(''));
  const end = file.replace('/events/', '/terms/').replace('.jsonl', '.end.json');
  return [{ move: file }, { move: end }, { put: file, content }];
}

async function checkCheckpoints(storage: Storage, id: string, counts: Counts): Promise<Damage[]> {
  const damages: Damage[] = [];
  const folder = `runs/${id}/checkpoints`;
  for (const name of await storage.list(folder)) {
    if (!/^step-\d{8,}\.\d{6,}$/.test(name)) continue;
    counts.checkpoints++;
    const key = `${folder}/${name}`;
    const cost = `The job ${id} cannot resume from this checkpoint or publish it; it uses the one before.`;
    const check = (): Promise<void> => checkCheckpoint(storage, key);
    damages.push(...(await damageOf(key, check, { cost, repair: [{ move: key }] })));
  }
  return damages;
}

/** A checkpoint without a manifest is being written or removed. */
async function checkCheckpoint(storage: Storage, folder: string): Promise<void> {
  const bytes = await storage.read(`${folder}/manifest.json`);
  if (bytes === null) return;
  const { files } = decodeManifest(`${folder}/manifest.json`, bytes) as CheckpointManifest;
  for (const file of files) await checkFile(storage, `${folder}/${file.name}`, file);
}

async function checkWebhooks(storage: Storage, id: string): Promise<Damage[]> {
  const damages: Damage[] = [];
  const folder = `runs/${id}/webhooks`;
  for (const name of await storage.list(folder)) {
    const key = `${folder}/${name}`;
    if (name === 'gone.json') {
      const cost = 'None: only the existence of the file matters.';
      const repair = [{ move: key }, { put: key, content: encodeDocument({}) }];
      damages.push(...(await damageOfDocument(storage, key, object({}), { cost, repair })));
      continue;
    }
    for (const attempt of await storage.list(key)) {
      const cost = `The outcome of one webhook attempt of the job ${id} is lost; its event may be sent again.`;
      const repair = [{ move: `${key}/${attempt}` }];
      damages.push(
        ...(await damageOfDocument(storage, `${key}/${attempt}`, deliveryAttempt, { cost, repair })),
      );
    }
  }
  return damages;
}
