/** /predict beside routes that compute nothing and beside its peers, for each form of a request. */
import { load } from '../http-load.mjs';
import { inPercentiles, inTurn, medianOf, ratioOf } from './in-turn.mjs';
import { requests } from './requests.mjs';

/** `peers`: by name the address of a FastAPI service. */
export async function overHttp(api, peers, { connectionCounts, rounds, seconds }) {
  for (const [form, request] of Object.entries(requests)) {
    const echo = form === 'JSON' ? 'json' : 'bytes';
    const routes = new Map([
      ['/predict', `${api.url}/predict`],
      ['echo', `${api.url}/echo/${echo}`],
      ['echo, answer of the same size', `${api.url}/echo-small/${echo}`],
      ...[...peers].map(([name, { url }]) => [name, `${url}/predict/${form.toLowerCase()}`]),
    ]);
    for (const url of routes.values()) await load(url, request, { connections: 10, seconds: 2 });

    for (const connections of connectionCounts) {
      const results = await inTurn([...routes.keys()], rounds, (name) =>
        load(routes.get(name), request, { connections, seconds }),
      );
      console.log(`\n${form}, ${request.payload.length} bytes, connections: ${connections}`);
      const predict = results.get('/predict');
      for (const [name, all] of results) {
        const ratio =
          name === '/predict'
            ? ''
            : `; /predict reaches ${ratioOf(predict, all, 'perSecond').toFixed(2)} of it`;
        console.log(`  ${name} ${Math.round(medianOf(all, 'perSecond'))}/s, ${inPercentiles(all)}${ratio}`);
      }
      const spread = medianOf(
        predict.map(({ p50, p99 }) => ({ spread: p99 / p50 })),
        'spread',
      );
      console.log(`  p99 / p50 of /predict: ${spread.toFixed(2)}`);
    }
  }
  console.log(`\nAPI, after all that: ${Math.round((await api.residentBytes()) / 2 ** 20)} MB resident`);
}
