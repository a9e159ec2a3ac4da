import { describeWithService } from '../services.js';
import { killQueue, restartQueue } from './faults/queue-server.js';
import { everythingFails } from './server-faults.js';

describeWithService('postgres', 'postgres', (server) => {
  everythingFails({ name: 'postgres', url: () => server().url }, server, [restartQueue, killQueue]);
});
