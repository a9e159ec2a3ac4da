/** Reads the body of an import: the file alone, or a form (multipart/form-data, RFC 7578) with it and its description as JSON. */
import type { IncomingMessage } from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { Busboy } from '@fastify/busboy';
import { TrainyardError } from '../../errors.js';

const mostDescriptionBytes = 2 ** 20;

const limits = {
  files: 1,
  fields: 1,
  parts: 2,
  fieldSize: mostDescriptionBytes,
  headerPairs: 16,
  headerSize: 4_096,
};

export function useImportBodies(app: FastifyInstance): void {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', (request: FastifyRequest, payload: IncomingMessage) =>
    app.bodies.read(request, payload),
  );
  app.addContentTypeParser('multipart/form-data', async (request: FastifyRequest, payload: IncomingMessage) =>
    readForm(await app.bodies.read(request, payload), request.headers['content-type'] ?? ''),
  );
}

/** The parts by name, and the description parsed: nothing of it is checked. @throws TrainyardError INVALID_REQUEST */
async function readForm(
  bytes: Buffer,
  contentType: string,
): Promise<{ file?: Buffer; description?: unknown }> {
  const form: { file?: Buffer; description?: unknown } = {};
  try {
    const parser = new Busboy({
      headers: { 'content-type': contentType },
      limits,
      isPartAFile: (name) => name === 'file',
    });
    const refuse = (problem: string): void => {
      parser.destroy(invalidForm(problem));
    };
    parser.on('file', (_name: string | undefined, file) => {
      const pieces: Buffer[] = [];
      file.on('data', (piece: Buffer) => pieces.push(piece));
      file.on('end', () => (form.file = Buffer.concat(pieces)));
      // The parser reports a form that ends too early.
      file.on('error', () => undefined);
    });
    parser.on('field', (name: string | undefined, text: string, _isNameCut, isCut) => {
      if (name !== 'description')
        refuse(
          `it has the part ${JSON.stringify(name?.slice(0, 100) ?? '')}; its parts are file and description`,
        );
      else if (isCut) refuse(`description is longer than ${mostDescriptionBytes} bytes`);
      else form.description = text;
    });
    parser.on('filesLimit', () => refuse('it has more than one file'));
    parser.on('fieldsLimit', () => refuse('it has more than one description'));
    parser.on('partsLimit', () => refuse('it has more parts than file and description'));
    await pipeline(Readable.from([bytes]), parser);
  } catch (error) {
    if (error instanceof TrainyardError) throw error;
    throw invalidForm(error instanceof Error ? error.message : String(error));
  }
  if (typeof form.description === 'string') form.description = parsed(form.description);
  return form;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new TrainyardError('INVALID_REQUEST', `description is not JSON: ${reason}.`, {
      pointer: '/description',
      cause,
    });
  }
}

function invalidForm(problem: string): TrainyardError {
  return new TrainyardError('INVALID_REQUEST', `The form cannot be read: ${problem}.`, { pointer: '' });
}
