/** Bodies that are JSON whatever their Content-Type says: `curl -d` calls them a form, and some clients say nothing. */
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { TrainyardError } from '../../errors.js';
import { jsonParserOf } from '../plugins/json-body.js';

export function useJsonOfAnyType(scope: FastifyInstance): void {
  const parse = jsonParserOf(scope);
  scope.removeAllContentTypeParsers();
  scope.addContentTypeParser<string>('*', { parseAs: 'string' }, (request, text, done) => {
    refuseEncodings(request);
    parse(request, text, done);
  });
}

/** @throws TrainyardError UNSUPPORTED_MEDIA_TYPE */
export function refuseEncodings({ headers }: FastifyRequest): void {
  const encoding = headers['content-encoding'];
  if (encoding === undefined || encoding === 'identity') return;
  const message = `The body came with the Content-Encoding ${JSON.stringify(encoding)}; send it as it is.`;
  throw new TrainyardError('UNSUPPORTED_MEDIA_TYPE', message);
}
