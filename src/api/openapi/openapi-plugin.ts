/** The OpenAPI document, made of the routes' schemas, and Swagger UI, which shows it and lets one try it out. */
import swagger from '@fastify/swagger';
import swaggerUi from '@fastify/swagger-ui';
import type { FastifyInstance } from 'fastify';
import { basePathOf } from '../plugins/base-path.js';
import { useAccess } from '../access/keys.js';
import { securitySchemes, showExamples, withProblems } from './openapi-completion.js';
import { productVersion } from './product-version.js';

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
    // The page and what it asks for are where it was found, whatever proxy is in front.
    indexPrefix: '.',
    transformSpecification: (document, request, reply) =>
      servedAt(basePathOf(request, reply) || '..', document as object),
    transformSpecificationClone: false,
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

  pages.get('/openapi.json', { schema: { hide: true } }, (request, reply) => {
    const document = servedAt(basePathOf(request, reply) || '/', pages.swagger());
    return reply.type('application/json').send(JSON.stringify(document));
  });
  pages.get('/', { schema: { hide: true } }, (request, reply) => {
    const basePath = basePathOf(request, reply);
    return reply.redirect(basePath === '' ? 'docs' : `${basePath}/docs`);
  });
}

/** Where that is relative, from the document's own place. */
function servedAt(url: string, document: object): object {
  return { ...document, servers: [{ url, description: 'This service.' }] };
}
