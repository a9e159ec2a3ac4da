/**
 * Reads the features of a kustomization that deploy/ uses: resources, image tags, and ConfigMaps without the hash in
 * their names. Anything else is an error, so that nothing is ignored silently.
 */
import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { ICronJob } from 'kubernetes-models/batch/v1/CronJob';
import type { IDeployment } from 'kubernetes-models/apps/v1/Deployment';
import type { IPodTemplateSpec } from 'kubernetes-models/v1/PodTemplateSpec';
import { parse } from 'yaml';

export interface Manifest {
  apiVersion: string;
  kind: string;
  metadata: { name: string; labels?: Record<string, string> };
}

interface Kustomization {
  resources: string[];
  images?: { name: string; newTag: string }[];
  configMapGenerator?: { name: string; literals: string[] }[];
}

const understood = ['apiVersion', 'kind', 'resources', 'images', 'configMapGenerator'];

export const repository = join(import.meta.dirname, '../..');

export async function readKustomization(folder: string): Promise<Manifest[]> {
  const kustomization = parse(await readFile(join(folder, 'kustomization.yaml'), 'utf8')) as Kustomization;
  const unknown = Object.keys(kustomization).filter((field) => !understood.includes(field));
  const files = (await readdir(folder)).filter((file) => file !== 'kustomization.yaml');
  const unlisted = files.filter((file) => !kustomization.resources.includes(file));
  if (unknown.length + unlisted.length > 0) {
    throw new Error(`${folder}: not understood: ${unknown.join()}; not listed: ${unlisted.join()}`);
  }
  const documents: Manifest[] = [];
  for (const resource of kustomization.resources) {
    const path = join(folder, resource);
    if ((await stat(path)).isDirectory()) documents.push(...(await readKustomization(path)));
    else documents.push(parse(await readFile(path, 'utf8')) as Manifest);
  }
  for (const { name, literals } of kustomization.configMapGenerator ?? []) {
    const data = settingsIn(literals);
    documents.push({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name }, data } as Manifest);
  }
  for (const { name, newTag } of kustomization.images ?? []) {
    const named = documents
      .flatMap((document) => podTemplateOf(document)?.spec?.containers ?? [])
      .filter(({ image }) => image === name);
    if (named.length === 0) throw new Error(`${folder}: no container has the image ${name}`);
    for (const container of named) container.image = `${name}:${newTag}`;
  }
  return documents;
}

/** Parses lines like NAME=value. */
export function settingsIn(lines: string[]): Record<string, string> {
  return Object.fromEntries(
    lines.map((line): [string, string] => {
      const end = line.indexOf('=');
      return [line.slice(0, end), line.slice(end + 1)];
    }),
  );
}

export function ofKind<M extends { kind: string }>(documents: Manifest[], kind: M['kind']): (M & Manifest)[] {
  return documents.filter((document): document is M & Manifest => document.kind === kind);
}

/** undefined: the document creates no pods. */
export function podTemplateOf(document: Manifest): IPodTemplateSpec | undefined {
  if (document.kind === 'Deployment') return (document as unknown as IDeployment).spec?.template;
  if (document.kind === 'CronJob') return (document as unknown as ICronJob).spec?.jobTemplate.spec?.template;
  return undefined;
}

/** A copy of the documents with a change in one of them. */
export function withChange(
  documents: Manifest[],
  [kind, name]: [kind: string, name: string],
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- the change makes a document invalid on purpose
  change: (document: any) => void,
): Manifest[] {
  const copy = structuredClone(documents);
  const document = copy.find((each) => each.kind === kind && each.metadata.name === name);
  if (document === undefined) throw new Error(`There is no ${kind} ${name}`);
  change(document);
  return copy;
}
