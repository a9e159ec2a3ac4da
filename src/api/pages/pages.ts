/**
 * Serves the built web pages: one document at `/`, and its scripts, styles and pictures. They are open to everyone, as a page
 * must be able to ask its reader for a key; what they show comes through the API and needs one.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import fastifyStatic from '@fastify/static';
import type { FastifyInstance } from 'fastify';
import { useAccess } from '../access/keys.js';
import { basePathOf } from '../plugins/base-path.js';

/** Only what this service serves may run, and the pages may ask only this service. */
export const pagesPolicy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' blob: data:",
  "connect-src 'self'",
  "base-uri 'self'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

const headers = { 'content-security-policy': pagesPolicy };
const baseElement = '<base href="./" />';

/** The folder holds what `vite build ui` writes. */
export async function pageRoutes(app: FastifyInstance, folder: string): Promise<void> {
  useAccess(app, 'public');
  const document = await readFile(join(folder, 'index.html'), 'utf8');

  app.get('/', { schema: { hide: true } }, (request, reply) => {
    const basePath = basePathOf(request, reply);
    const base = basePath === '' ? baseElement : `<base href="${basePath}/" />`;
    return reply
      .headers({ ...headers, 'cache-control': 'no-cache' })
      .type('text/html; charset=utf-8')
      .send(document.replace(baseElement, base));
  });

  await app.register(fastifyStatic, {
    root: join(folder, 'assets'),
    prefix: '/assets/',
    index: false,
    preCompressed: true,
    schemaHide: true,
    decorateReply: false,
    // Their names have a hash of their content.
    immutable: true,
    maxAge: '365d',
  });

  const icon = await readFile(join(folder, 'icon.svg'));
  app.get('/icon.svg', { schema: { hide: true } }, (_request, reply) =>
    reply.headers({ 'cache-control': 'max-age=86400' }).type('image/svg+xml').send(icon),
  );
}
