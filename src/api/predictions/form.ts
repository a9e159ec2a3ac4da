/**
 * multipart/form-data (RFC 7578), as browsers and curl send it: images, named `image` or `file`, and texts beside them.
 */
import { setImmediate } from 'node:timers/promises';
import { pipeline } from 'node:stream/promises';
import { Busboy, type BusboyFileStream } from '@fastify/busboy';
import { TrainyardError } from '../../errors.js';
import { mostImages } from './prediction-body-schemas.js';

export interface Form {
  images: Buffer[];
  texts: Map<string, string>;
}

const mostTexts = 16;
const limits = {
  files: mostImages,
  fields: mostTexts,
  parts: mostImages + mostTexts,
  fieldSize: 256,
  headerPairs: 16,
  headerSize: 4096,
};

/** `file` is what people type who have not read that it is `image`. */
const imageNames = ['image', 'file'];

/** Others have their turn between two of these. */
const pieceBytes = 2 ** 16;

/** @throws TrainyardError INVALID_REQUEST */
export async function readForm(bytes: Buffer, contentType: string): Promise<Form> {
  try {
    return await parse(bytes, contentType);
  } catch (error) {
    if (error instanceof TrainyardError) throw error;
    throw invalidForm(error instanceof Error ? error.message : String(error));
  }
}

async function parse(bytes: Buffer, contentType: string): Promise<Form> {
  const images: Buffer[] = [];
  const texts = new Map<string, string>();
  const parser = new Busboy({
    headers: { 'content-type': contentType },
    limits,
    isPartAFile: (name, _type, filename) => imageNames.includes(name ?? '') || filename !== undefined,
  });
  const refuse = (problem: string, pointer?: string): void => {
    parser.destroy(invalidForm(problem, pointer));
  };

  let files = 0;
  parser.on('file', (name: string | undefined, file) => {
    if (!imageNames.includes(name ?? '')) {
      file.resume();
      refuse(`it has the file ${JSON.stringify(name?.slice(0, 100) ?? '')}; call it image (-F image=@FILE)`);
      return;
    }
    const index = files++;
    collect(file, (image) => (images[index] = image));
  });
  parser.on('field', (name: string | undefined, text, _nameTruncated, isTruncated) => {
    if (name === undefined) refuse('a part has no name');
    else if (isTruncated) refuse(`${name.slice(0, 100)} is too long`);
    else if (texts.has(name)) refuse(`${name} is given more than once`);
    else texts.set(name, text);
  });
  parser.on('filesLimit', () => refuse(`it has more than ${mostImages} images`, '/image'));
  parser.on('fieldsLimit', () => refuse(`it has more than ${mostTexts} fields beside the images`));
  parser.on('partsLimit', () => refuse('it has too many parts'));
  await pipeline(piecesOf(bytes), parser);
  return { images, texts };
}

function collect(file: BusboyFileStream, done: (bytes: Buffer) => void): void {
  const chunks: Buffer[] = [];
  file.on('data', (chunk: Buffer) => chunks.push(chunk));
  file.on('end', () => done(Buffer.concat(chunks)));
  // When the form ends too early; the parser says so as well.
  file.on('error', () => undefined);
}

async function* piecesOf(bytes: Buffer): AsyncGenerator<Buffer> {
  for (let start = 0; start < bytes.length; start += pieceBytes) {
    if (start > 0) await setImmediate();
    yield bytes.subarray(start, start + pieceBytes);
  }
}

function invalidForm(problem: string, pointer = ''): TrainyardError {
  return new TrainyardError('INVALID_REQUEST', `The form cannot be read: ${problem}.`, { pointer });
}
