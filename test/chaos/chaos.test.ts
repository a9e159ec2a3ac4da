/** The short part of the chaos suite: kills at five moments, over the three queues. */
import { beforeAll, describe } from 'vitest';
import { describeWithService } from '../services.js';
import { trainReferences, type References } from './references.js';
import { serviceDies, trainingProcessDies, workerDies } from './scenarios.js';

let references: References<'short'>;
beforeAll(async () => {
  references = await trainReferences(['short']);
});
const runs = () => [references.short];

describe('a run on the embedded queue', () => {
  trainingProcessDies({ name: 'embedded' }, runs, 2);
  serviceDies({ name: 'embedded' }, runs, 1);
});

for (const name of ['redis', 'postgres'] as const) {
  describeWithService(name, `a run on a real ${name}`, (server) => {
    workerDies({ name, url: () => server().url }, runs, 1);
  });
}
