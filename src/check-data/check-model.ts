/** Checks a model: its versions with their files, and its aliases. */
import { TrainyardError } from '../errors.js';
import type { Alias } from '../model/registry/aliases.js';
import { decodeManifest } from '../model/files/manifest.js';
import {
  aliasKey,
  aliasPattern,
  folderOf,
  heldKey,
  latestAlias,
  removedKey,
  unloadedKey,
  versionKey,
} from '../model/registry/model-folder.js';
import {
  decodeVersionManifest,
  encodeVersionManifest,
  type VersionManifest,
} from '../model/registry/version-manifest.js';
import { object } from '../lib/json-shape.js';
import type { Storage } from '../storage/storage.js';
import { checkFile, damageOf, damageOfDocument, type Counts, type Damage, type Part } from './damage.js';
import { numbersIn } from '../storage/numbered-blobs.js';

export function modelPart(name: string): Part {
  return { name: `models/${name}`, check: (storage, counts) => checkModel(storage, name, counts) };
}

async function checkModel(storage: Storage, name: string, counts: Counts): Promise<Damage[]> {
  counts.models++;
  const good = new Set<number>();
  const damages: Damage[] = [];
  for (const version of numbersIn(await storage.list(`${folderOf(name)}/versions`))) {
    counts.versions++;
    const found = await checkVersion(storage, name, version);
    if (!found.some((damage) => isOfVersion(damage, name))) good.add(version);
    damages.push(...found);
  }
  return [
    ...damages,
    ...(await checkHeld(storage, name)),
    ...(await checkRemoved(storage, name)),
    ...(await checkAliases(storage, name, good, counts)),
    ...(await damageOfDocument(storage, unloadedKey(name), object({}), {
      cost: `None: the model ${name} stays unloaded as long as the file exists.`,
      repair: [
        { move: unloadedKey(name) },
        { put: unloadedKey(name), content: Buffer.from('{"format_version":1}') },
      ],
    })),
  ];
}

/** Whether the version cannot be served because of the damage: it can without its evaluation. */
function isOfVersion({ key }: Damage, name: string): boolean {
  return !key.startsWith(`${folderOf(name)}/evaluations/`);
}

async function checkVersion(storage: Storage, name: string, version: number): Promise<Damage[]> {
  const key = versionKey(name, version);
  const cost = `Version ${version} of ${name} cannot be served or downloaded; its other versions are unaffected.`;
  const read = { bytes: null as Buffer | null, manifest: null as VersionManifest | null };
  const check = async (): Promise<void> => {
    read.bytes = await storage.read(key);
    if (read.bytes !== null) read.manifest = decodeVersionManifest(key, read.bytes);
  };
  // The record of removal keeps the number from being used again.
  const repair = [{ put: removedKey(name, version), content: unknownVersion(name, version) }, { move: key }];
  const damages = await damageOf(key, check, { cost, repair });
  if (read.bytes === null || read.manifest === null) return damages;
  const { file } = read.manifest;
  const damaged = await checkEvaluation(storage, key, read.manifest);
  const damagedFile = await damageOf(file.key, () => checkFile(storage, file.key, file), {
    cost,
    repair: [{ put: removedKey(name, version), content: read.bytes }, { move: key }, { move: file.key }],
  });
  return damagedFile.length > 0 ? damagedFile : damaged;
}

async function checkEvaluation(storage: Storage, key: string, manifest: VersionManifest): Promise<Damage[]> {
  const { evaluation, ...rest } = manifest;
  if (evaluation === undefined) return [];
  return damageOf(evaluation.key, () => checkFile(storage, evaluation.key, evaluation), {
    cost: `The evaluation of version ${manifest.version} of ${manifest.model} is lost; the version itself is unaffected.`,
    repair: [{ put: key, content: encodeVersionManifest(rest) }, { move: evaluation.key }],
  });
}

/** Whatever it holds, the file keeps its version from being served: a repair must not lose it. */
async function checkHeld(storage: Storage, name: string): Promise<Damage[]> {
  const damages: Damage[] = [];
  for (const version of numbersIn(await storage.list(`${folderOf(name)}/held`))) {
    const key = heldKey(name, version);
    const cost = `None: version ${version} of ${name} stays held as long as the file exists.`;
    const repair = [{ move: key }, { put: key, content: Buffer.from('{"format_version":1}') }];
    damages.push(...(await damageOfDocument(storage, key, object({}), { cost, repair })));
  }
  return damages;
}

async function checkRemoved(storage: Storage, name: string): Promise<Damage[]> {
  const damages: Damage[] = [];
  for (const version of numbersIn(await storage.list(`${folderOf(name)}/removed`))) {
    const key = removedKey(name, version);
    const check = async (): Promise<void> => {
      const bytes = await storage.read(key);
      if (bytes !== null) decodeVersionManifest(key, bytes);
    };
    const cost = `None: the number ${version} of ${name} is not used again as long as the file exists.`;
    const repair = [{ move: key }, { put: key, content: unknownVersion(name, version) }];
    damages.push(...(await damageOf(key, check, { cost, repair })));
  }
  return damages;
}

/** The record of removal of a version whose manifest is lost. */
function unknownVersion(model: string, version: number): Buffer {
  const manifest: VersionManifest = {
    format_version: 2,
    model,
    version,
    run_id: '',
    step: 0,
    metrics: null,
    network: { inputs: 1, hidden: [], outputs: 1 },
    head: { kind: 'classes', labels: [], probabilities: 'softmax' },
    parameters: 0,
    file: { key: '', size_bytes: 0, sha256: '' },
    created_at: new Date().toISOString(),
  };
  return encodeVersionManifest(manifest);
}

async function checkAliases(
  storage: Storage,
  name: string,
  good: ReadonlySet<number>,
  counts: Counts,
): Promise<Damage[]> {
  const damages: Damage[] = [];
  for (const file of await storage.list(`${folderOf(name)}/aliases`)) {
    const alias = file.replace(/\.json$/, '');
    if (!aliasPattern.test(alias) || alias === file) continue;
    counts.aliases++;
    const key = aliasKey(name, alias);
    const check = async (): Promise<void> => {
      const bytes = await storage.read(key);
      if (bytes === null) return;
      const { version } = decodeManifest(key, bytes) as Alias;
      if (good.has(version)) return;
      const message = `${key} names version ${version}, which is damaged or missing.`;
      throw new TrainyardError('CHECKPOINT_CORRUPT', message);
    };
    const cost =
      alias === latestAlias
        ? `The model ${name} is no longer pinned: \`latest\` follows its newest version. Set it again.`
        : `The alias ${alias} of ${name} names no version until it is set again.`;
    damages.push(...(await damageOf(key, check, { cost, repair: [{ move: key }] })));
  }
  return damages;
}
