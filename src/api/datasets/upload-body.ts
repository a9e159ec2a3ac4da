/** Receives the body of an upload: a file alone, or a form (multipart/form-data, RFC 7578) with files and options. */
import { pipeline } from 'node:stream/promises';
import type { IncomingMessage } from 'node:http';
import type { FastifyRequest } from 'fastify';
import { Busboy, type BusboyFileStream } from '@fastify/busboy';
import type { FileName } from '../../data/versions/documents.js';
import { partBytes } from '../../data/versions/stored-files.js';
import type { Upload } from '../../data/versions/uploads.js';
import { TrainyardError } from '../../errors.js';
import { nearestStoredName } from '../../lib/stored-name.js';

/** Options as they were sent; nothing of them is checked yet. */
export interface SentOptions {
  [name: string]: unknown;
  columns?: unknown;
  target?: unknown;
}

const fileNames: readonly FileName[] = ['file', 'images', 'labels', 'test_images', 'test_labels'];

const limits = {
  files: fileNames.length,
  fields: 1_100,
  parts: 1_100 + fileNames.length,
  fieldSize: 200_000,
  headerPairs: 16,
  headerSize: 4_096,
};

/**
 * Stores the files of the body in the upload.
 * @returns the options of a form; for a body that is the file there are none
 * @throws TrainyardError INVALID_REQUEST, DATASET_TOO_LARGE, BODY_TOO_SLOW, CLIENT_GONE, STORAGE_FULL, …
 */
export async function receiveBody(
  request: FastifyRequest,
  payload: IncomingMessage,
  upload: Upload,
): Promise<SentOptions> {
  const body = request.server.bodies.stream(request, payload, partBytes);
  if (!isForm(request)) {
    await upload.store('file', body);
    return {};
  }
  const { fields, filename } = await receiveForm(request, body, upload);
  requireFiles(upload.files);
  const options = optionsOf(fields);
  return filename === undefined ? options : { name: nameOfFile(filename), ...options };
}

export function isForm({ headers }: FastifyRequest): boolean {
  return /^multipart\/form-data\b/i.test(headers['content-type'] ?? '');
}

interface Form {
  fields: [name: string, text: string][];
  /** Of the table. */
  filename: string | undefined;
}

async function receiveForm(
  request: FastifyRequest,
  body: AsyncIterable<Buffer>,
  upload: Upload,
): Promise<Form> {
  const form: Form = { fields: [], filename: undefined };
  const open: BusboyFileStream[] = [];
  const stored: Promise<void>[] = [];
  const parser = createParser(request.headers['content-type'] ?? '');
  const refuse = (problem: string): void => {
    parser.destroy(invalidForm(problem));
  };

  parser.on('file', (name: string | undefined, file, filename: string | undefined) => {
    open.push(file);
    // Whoever reads the file gets its errors.
    file.on('error', () => undefined);
    if (!isFileName(name)) {
      refuse(`it has the file ${JSON.stringify(name?.slice(0, 100) ?? '')}; call it file (-F file=@FILE)`);
    } else if (upload.files.includes(name)) {
      refuse(`${name} is there more than once`);
    } else {
      if (name === 'file') form.filename = filename;
      const storing = filename ? upload.store(name, file) : storeUnlessEmpty(upload, name, file);
      stored.push(storing);
      storing.catch((error: unknown) => parser.destroy(error as Error));
    }
  });
  parser.on('field', (name: string | undefined, text: string, _isNameCut, isCut) => {
    if (name === undefined) refuse('a part has no name');
    else if (isCut) refuse(`${name.slice(0, 100)} is longer than ${limits.fieldSize} bytes`);
    else form.fields.push([name, text]);
  });
  parser.on('filesLimit', () => refuse(`it has more than ${limits.files} files`));
  parser.on('fieldsLimit', () => refuse(`it has more than ${limits.fields} fields`));
  parser.on('partsLimit', () => refuse('it has too many parts'));

  try {
    await pipeline(body, parser);
    await Promise.all(stored);
    return form;
  } catch (error) {
    for (const file of open) file.destroy();
    // Nothing is written any more when the upload is discarded.
    await Promise.allSettled(stored);
    throw asInvalidForm(error);
  }
}

/** Pages send an empty part without the name of a file where no file was chosen. */
async function storeUnlessEmpty(upload: Upload, name: FileName, file: AsyncIterable<Buffer>): Promise<void> {
  const pieces = file[Symbol.asyncIterator]();
  const first = await pieces.next();
  if (first.done === true) return;
  await upload.store(
    name,
    (async function* () {
      yield first.value;
      for (let next = await pieces.next(); next.done !== true; next = await pieces.next()) yield next.value;
    })(),
  );
}

function createParser(contentType: string) {
  try {
    return new Busboy({
      headers: { 'content-type': contentType },
      limits,
      isPartAFile: (name, _type, filename) => isFileName(name) || filename !== undefined,
    });
  } catch (error) {
    throw asInvalidForm(error);
  }
}

function isFileName(name: string | undefined): name is FileName {
  return fileNames.includes(name as FileName);
}

/** A table, or IDX files with and without a test split. */
function requireFiles(files: readonly FileName[]): void {
  const sent = [...files].sort().join();
  const complete = ['file', 'images,labels', 'images,labels,test_images,test_labels'];
  if (complete.includes(sent)) return;
  const found = files.length === 0 ? 'no file' : `only ${files.join(', ')}`;
  throw invalidForm(
    `it has ${found}; send file, or images and labels, and also test_images with test_labels`,
  );
}

/** The fields of a form are options. `options` has any of them as JSON; `columns` is JSON; `target` may be repeated. */
function optionsOf(fields: Form['fields']): SentOptions {
  const found: [string, unknown][] = [];
  const target: string[] = [];
  for (const [name, text] of fields) {
    if (name === 'target') target.push(text);
    else if (name === 'options') found.push(...Object.entries(jsonObjectOf(name, text)));
    else found.push([name, valueOf(name, text)]);
  }
  if (target.length > 0) found.push(['target', target]);
  const twice = found.find(([name], i) => found.findIndex(([other]) => other === name) !== i);
  if (twice !== undefined) throw invalidForm(`${twice[0].slice(0, 100)} is set more than once`);
  return Object.fromEntries(found);
}

function valueOf(name: string, text: string): unknown {
  if (name === 'columns') return jsonObjectOf(name, text);
  return name === 'header' && (text === 'true' || text === 'false') ? text === 'true' : text;
}

/** @throws TrainyardError INVALID_REQUEST */
export function jsonObjectOf(name: string, text: string): object {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new TrainyardError('INVALID_REQUEST', `${name} is not JSON: ${reason}.`, { cause });
  }
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value;
  throw new TrainyardError('INVALID_REQUEST', `${name} must be a JSON object.`);
}

/** `Customer Data.csv.gz` → `customer-data` */
function nameOfFile(filename: string): string | undefined {
  const base = filename.split(/[/\\]/).at(-1) ?? '';
  const name = nearestStoredName(base.replace(/(?<=.)(?:\.[A-Za-z0-9]{1,8}){1,2}$/, ''));
  return name === '' ? undefined : name;
}

function asInvalidForm(error: unknown): unknown {
  if (error instanceof TrainyardError) return error;
  // Errors of the operating system are no fault of the form.
  if (error instanceof Error && 'syscall' in error) return error;
  return invalidForm(error instanceof Error ? error.message : String(error));
}

function invalidForm(problem: string): TrainyardError {
  return new TrainyardError('INVALID_REQUEST', `The form cannot be read: ${problem}.`, { pointer: '' });
}
