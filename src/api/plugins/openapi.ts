/** The OpenAPI document, made of the routes' schemas, and Swagger UI, which shows it and lets one try it out. */
import swagger from '@fastify/swagger';
import swaggerUi from '@fastify/swagger-ui';
import type { FastifyInstance } from 'fastify';
import { useAccess } from './keys.js';
import { securitySchemes } from '../openapi-access.js';
import { showExamples, withProblems } from '../openapi-completion.js';
import { productVersion } from '../product-version.js';

const description = `Trains neural networks and answers from them.

\`POST /v1/jobs\` with an empty body trains the classic MNIST network; \`POST /predict\` answers from what was trained last.
Fields that a route does not know are errors. Every error is a problem document (RFC 9457) with a stable \`code\`, and with
the \`pointer\` of the field where one is to blame. Every answer has an \`x-request-id\`, the one that was sent or a new
one; the service's log says more under it.

Where keys have been made (\`npm run keys\`), an operation takes a key with its scope, or an \`admin\` key.`;

/** Before the routes: it sees only those that come after it. */
export async function useOpenApi(app: FastifyInstance): Promise<void> {
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'Trainyard',
        version: productVersion,
        description,
        license: { name: 'MIT', identifier: 'MIT' },
      },
      servers: [{ url: '/', description: 'This service.' }],
      tags: [
        { name: 'jobs', description: 'Train networks.' },
        { name: 'predictions', description: 'Ask the trained networks.' },
        { name: 'models', description: 'What has been published.' },
        {
          name: 'open inference protocol',
          description: 'Version 2 over REST, for clients of Triton, KServe and others.',
        },
        { name: 'tensorflow serving', description: 'Its REST API, for its clients.' },
        { name: 'health', description: 'For load balancers, orchestrators and Prometheus.' },
      ],
      security: [],
      components: { securitySchemes },
    },
    refResolver: { buildLocalReference: ({ $id }) => $id as string },
    transform: withProblems,
    transformObject: showExamples,
  });
  await app.register(showDocument);
}

/** For everyone: what the API can do is no secret, and who is to get a key must be able to read how it is sent. */
async function showDocument(pages: FastifyInstance): Promise<void> {
  useAccess(pages, 'public');
  await pages.register(swaggerUi, {
    routePrefix: '/docs',
    staticCSP: {
      'default-src': "'self'",
      'img-src': "'self' data:",
      'style-src': "'self' 'unsafe-inline'",
      'object-src': "'none'",
      'frame-ancestors': "'none'",
    },
    theme: { title: 'Trainyard' },
    // The base layout has no bar for the addresses of other documents.
    uiConfig: { layout: 'BaseLayout', tryItOutEnabled: true, displayRequestDuration: true },
  });

  let text: string | undefined;
  pages.get('/openapi.json', { schema: { hide: true } }, (_request, reply) => {
    text ??= JSON.stringify(pages.swagger());
    return reply.type('application/json').send(text);
  });
  pages.get('/', { schema: { hide: true } }, (_request, reply) => reply.redirect('/docs'));
}
