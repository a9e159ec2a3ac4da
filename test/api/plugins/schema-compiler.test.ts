/** The schemas of routes are compiled when requests need them, so a schema that cannot be compiled is found here. */
import { Ajv } from 'ajv';
import fastify, { type FastifyInstance } from 'fastify';
import Type from 'typebox';
import { expect, onTestFinished, test, vi } from 'vitest';
import { apiSchemas } from '../../../src/api/app.js';
import { buildOpenApiDocument } from '../../../src/api/openapi-document.js';
import { SchemaCompiler } from '../../../src/api/plugins/schema-compiler.js';
import { component } from '../../../src/lib/named-schema.js';

const inner = component('Inner', Type.Object({ count: Type.Integer() }));
const outer = component('Outer', Type.Object({ inner: inner.ref }));

/** Its route answers with what it is sent. */
async function startEcho(
  schemas: SchemaCompiler,
  body: object,
  answer: object = body,
): Promise<FastifyInstance> {
  const app = fastify();
  onTestFinished(() => app.close());
  schemas.use(app);
  app.post('/echo', { schema: { body, response: { 200: answer } } }, (request) => request.body);
  await app.ready();
  return app;
}

const echo = (app: FastifyInstance, payload: object) => app.inject({ method: 'POST', url: '/echo', payload });

test('every schema of the API can be compiled', async () => {
  await buildOpenApiDocument();
  await apiSchemas.compileAll();
});

test('schemas refer to named ones, and these to others', async () => {
  const app = await startEcho(new SchemaCompiler([inner, outer]), outer.ref);
  expect((await echo(app, { inner: { count: 1, more: 2 } })).json()).toEqual({ inner: { count: 1 } });
  expect((await echo(app, { inner: { count: 'one' } })).statusCode).toBe(400);
});

test('equal schemas of several apps are compiled once, by the first request', async () => {
  const compile = vi.spyOn(Ajv.prototype, 'compile');
  onTestFinished(() => compile.mockRestore());
  const schemas = new SchemaCompiler([]);
  const apps = [
    await startEcho(schemas, Type.Object({ count: Type.Integer() })),
    await startEcho(schemas, Type.Object({ count: Type.Integer() })),
  ];
  expect(compile).not.toHaveBeenCalled();
  for (const app of apps) expect((await echo(app, { count: 1 })).json()).toEqual({ count: 1 });
  await schemas.compileAll();
  expect(compile).toHaveBeenCalledOnce();
});

test.each([
  ['the body', { type: 'no such type' }, {}],
  ['the answer', {}, { $ref: 'Missing#' }],
])('a schema of %s that cannot be compiled is named', async (_, body, answer) => {
  const schemas = new SchemaCompiler([]);
  const app = await startEcho(schemas, body, answer);
  const message = /^A schema of POST \/echo cannot be compiled: /;
  await expect(schemas.compileAll()).rejects.toThrow(message);
  const refused = await echo(app, {});
  expect(refused.statusCode).toBe(500);
  expect(refused.json()).toMatchObject({ message: expect.stringMatching(message) as string });
});
