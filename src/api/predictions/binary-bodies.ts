/**
 * Bodies of predictions that are not JSON: images and raw numbers, taken as bytes, and forms (multipart/form-data, RFC 7578)
 * with images named `image` or `file`, and options as text fields. Only for the routes of the plugin that asks for it.
 */
import type { IncomingMessage } from 'node:http';
import { setImmediate } from 'node:timers/promises';
import { pipeline } from 'node:stream/promises';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { Busboy, type BusboyFileStream } from '@fastify/busboy';
import { TrainyardError } from '../../errors.js';
import { otherMediaTypes } from '../../images/image-reader.js';
import { mostImages } from './prediction-schemas.js';

export function useBinaryBodies(app: FastifyInstance): void {
  app.addContentTypeParser(
    // Two are not registered, but clients send them for JPEG.
    ['image/png', 'image/jpeg', 'image/jpg', 'image/pjpeg', ...otherMediaTypes, 'application/octet-stream'],
    (request: FastifyRequest, payload: IncomingMessage) => app.bodies.read(request, payload),
  );
  app.addContentTypeParser(
    'multipart/form-data',
    async (request: FastifyRequest, payload: IncomingMessage) => {
      const bytes = await app.bodies.read(request, payload);
      const { images, texts } = await readForm(bytes, request.headers['content-type'] ?? '');
      addToQuery(request, texts);
      return { ...(images.length > 0 && { image: images }) };
    },
  );
}

/** The text fields of a form are options, as in a query string, and are validated as one. */
function addToQuery(request: FastifyRequest, texts: ReadonlyMap<string, string>): void {
  const query = request.query as Record<string, unknown>;
  for (const [name, text] of texts) {
    if (Object.hasOwn(query, name)) {
      const message = `${name} is set both in the form and in the query string.`;
      throw new TrainyardError('INVALID_REQUEST', message);
    }
    // An assignment would drop `__proto__`, which must be refused like any unknown name.
    Object.defineProperty(query, name, { value: text, enumerable: true, writable: true });
  }
}

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

/** Many people call it `file`. */
const imageNames = ['image', 'file'];

/** Other requests get their turn between two pieces. */
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
  // The parser reports a form that ends too early.
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
