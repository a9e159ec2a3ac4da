/** Serves the OpenAPI document, which is made from the schemas of the routes, and Swagger UI for it. */
import swagger from '@fastify/swagger';
import swaggerUi from '@fastify/swagger-ui';
import type { FastifyInstance } from 'fastify';
import { basePathOf } from '../plugins/base-path.js';
import { useAccess } from '../access/keys.js';
import { securitySchemes, showExamples, withProblems } from './openapi-completion.js';
import { productVersion } from './product-version.js';

const description = `Trains neural networks and predicts with them.

\`POST /v1/jobs\` with an empty body trains the classic MNIST network; \`POST /predict\` uses the network that was trained
last. Unknown fields are errors. Every error is a problem document (RFC 9457) with a stable \`code\` and, if one field is
wrong, its \`pointer\`. Every answer has an \`x-request-id\`, the client’s or a new one, under which the service’s log has
details.

If keys have been made (\`POST /v1/keys\` or \`npm run keys\`), an operation requires a key with its scope, or an \`admin\` key.`;

/** To be called before the routes are added: it sees only later ones. */
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
        { name: 'datasets', description: 'Your own data.' },
        { name: 'jobs', description: 'Train networks.' },
        { name: 'predictions', description: 'Predict with trained networks.' },
        { name: 'sweeps', description: 'Search for the best values of fields of a job.' },
        { name: 'batches', description: 'Predict all rows of a dataset.' },
        { name: 'models', description: 'Published models and their versions.' },
        {
          name: 'open inference protocol',
          description: 'Version 2 over REST, for clients of Triton, KServe and others.',
        },
        { name: 'tensorflow serving', description: 'TensorFlow Serving’s REST API, for its clients.' },
        { name: 'keys', description: 'Who may use the service.' },
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

/** Open to everyone: the API is no secret, and people who need a key must be able to read how to send it. */
async function showDocument(pages: FastifyInstance): Promise<void> {
  useAccess(pages, 'public');
  await pages.register(swaggerUi, {
    routePrefix: '/docs',
    // Relative, so that the page works behind any proxy.
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
    // The base layout has no field for the URL of another document.
    uiConfig: { layout: 'BaseLayout', tryItOutEnabled: true, displayRequestDuration: true },
  });

  pages.get('/openapi.json', { schema: { hide: true } }, (request, reply) => {
    const document = servedAt(basePathOf(request, reply) || '/', pages.swagger());
    return reply.type('application/json').send(JSON.stringify(document));
  });
}

/** A relative URL starts at the document's own place. */
function servedAt(url: string, document: object): object {
  return { ...document, servers: [{ url, description: 'This service.' }] };
}
