/** Bodies that are JSON whatever their Content-Type says: `curl -d` calls them a form, and some clients say nothing. */
import type { FastifyInstance } from 'fastify';
import { useJson } from '../plugins/json-body.js';

export function useJsonOfAnyType(scope: FastifyInstance): void {
  scope.removeAllContentTypeParsers();
  useJson(scope, '*');
}
