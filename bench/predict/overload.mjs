/** What becomes of the requests when twice as many come as can be answered. */
import { load } from '../http-load.mjs';
import { startApi } from './services.mjs';
import { inTurn, medianOf } from './in-turn.mjs';
import { pour } from './open-load.mjs';
import { requests } from './requests.mjs';

/** Enough that there is always one free to ask. */
const connections = 1_024;

export async function overload(dataDir, { rounds, seconds, room }) {
  const api = await startApi(dataDir, { maxWaitingPredictions: room });
  const route = `${api.url}/predict`;
  try {
    await load(route, requests.JSON, { connections: room, seconds: 2 });
    const full = await inTurn(['full'], rounds, () =>
      load(route, requests.JSON, { connections: room, seconds }),
    );
    const bearable = medianOf(full.get('full'), 'perSecond');
    console.log(`\nOverload, room for ${room} predictions, ${connections} connections:`);
    console.log(
      `  a full room: ${Math.round(bearable)}/s, p99 ${medianOf(full.get('full'), 'p99').toFixed(2)} ms`,
    );
    for (const times of [0.5, 1, 2]) {
      const asked = await inTurn([times], rounds, () =>
        pour(route, requests.JSON, { connections, seconds, perSecond: Math.round(times * bearable) }),
      );
      const figure = (key) => medianOf(asked.get(times), key);
      console.log(
        `  ${times} × that: asked ${Math.round(figure('askedPerSecond'))}/s, answered ${Math.round(figure('takenPerSecond'))}/s, ` +
          `429 ${Math.round(figure('refusedPerSecond'))}/s, failed ${figure('failed')}, not sent for want of a connection ${figure('late')}; ` +
          `of those answered p50 ${figure('p50').toFixed(2)} ms, p99 ${figure('p99').toFixed(2)} ms`,
      );
    }
  } finally {
    api.stop();
  }
}
