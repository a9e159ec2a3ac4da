/** The processor time of /predict in each form, beside an echo of the same app, beside Node alone, and beside another build. */
import { fileURLToPath } from 'node:url';
import { processorTimes } from './processor-time.mjs';
import { requests } from './requests.mjs';
import { startApi, startChild } from './services.mjs';

/** `against`: a checkout, built, whose /predict is measured in the same rounds. */
export async function costs(dataDir, { rounds, against }) {
  const api = await startApi(dataDir);
  const bare = await startChild(fileURLToPath(new URL('bare-service.mjs', import.meta.url)));
  const other = against === undefined ? null : await startApi(dataDir, { root: against });
  try {
    for (const [form, request] of Object.entries(requests)) {
      const echo = form === 'JSON' ? 'json' : 'bytes';
      const times = await processorTimes(
        [
          { name: '/predict', url: `${api.url}/predict`, pid: api.pid },
          { name: 'short echo', url: `${api.url}/echo-small/${echo}`, pid: api.pid },
          { name: 'Node alone', url: `${bare.url}/`, pid: bare.pid },
          ...(other ? [{ name: `/predict of ${against}`, url: `${other.url}/predict`, pid: other.pid }] : []),
        ],
        request,
        { rounds },
      );
      const { micros, least } = times.get('/predict');
      console.log(`\n${form}, processor time of a request, median and least of ${rounds} rounds`);
      for (const [name, each] of times) {
        const ratios = `${(micros / each.micros).toFixed(2)}, ${(least / each.least).toFixed(2)}`;
        console.log(
          `  ${name}: ${each.micros.toFixed(0)}, ${each.least.toFixed(0)} µs; /predict takes × ${ratios}`,
        );
      }
    }
  } finally {
    for (const service of [api, bare, other]) service?.stop();
  }
}
