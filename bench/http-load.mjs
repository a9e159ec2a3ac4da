/** Autocannon on one route: as many requests as the connections can make, each the same; any failure ends the bench. */
import autocannon from 'autocannon';
import { quantile } from './quantile.mjs';

/** Requests a second, and the median and the 99th percentile of their times in milliseconds. */
export async function load(url, { type, payload }, { connections, seconds }) {
  const times = [];
  const cannon = autocannon({
    url,
    method: 'POST',
    headers: { 'content-type': type },
    body: payload,
    connections,
    duration: seconds,
  });
  // Its own percentiles are of whole milliseconds.
  cannon.on('response', (_client, _status, _bytes, ms) => times.push(ms));
  const { errors, non2xx, requests } = await cannon;
  if (errors + non2xx > 0)
    throw new Error(`${url}: ${errors} connections failed, ${non2xx} requests refused`);
  return { perSecond: requests.average, p50: quantile(times, 0.5), p99: quantile(times, 0.99) };
}
