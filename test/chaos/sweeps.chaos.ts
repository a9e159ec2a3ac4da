/** Sweeps on the three queues. They are compared with themselves, left alone, and need no reference. */
import { describeWithService } from '../services.js';
import { sweepIsHunted } from './scenarios.js';

sweepIsHunted({ name: 'embedded' }, 8, 2);
for (const name of ['redis', 'postgres'] as const) {
  describeWithService(name, name, (server) => sweepIsHunted({ name, url: () => server().url }, 8, 3));
}
