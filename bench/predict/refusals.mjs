/** The processor time of a refusal by the waiting room, beside one of Node alone. */
import { fileURLToPath } from 'node:url';
import { processorTimes } from './processor-time.mjs';
import { requests } from './requests.mjs';
import { startChild } from './services.mjs';

export async function refusals({ rounds }) {
  const script = fileURLToPath(new URL('bare-service.mjs', import.meta.url));
  const [room, bare] = [await startChild(script, ['room']), await startChild(script, ['refuse'])];
  try {
    const times = await processorTimes(
      [
        { name: 'the waiting room', url: `${room.url}/predict`, pid: room.pid },
        { name: 'Node alone', url: `${bare.url}/predict`, pid: bare.pid },
      ],
      requests.JSON,
      { rounds, requests: 10_000 },
    );
    console.log(`\nA refusal, processor time, median and least of ${rounds} rounds`);
    for (const [name, { micros, least }] of times) {
      console.log(`  ${name}: ${micros.toFixed(1)}, ${least.toFixed(1)} µs`);
    }
  } finally {
    for (const service of [room, bare]) service.stop();
  }
}
