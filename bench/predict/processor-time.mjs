/** The processor time that a server takes for a request, whatever else the machine does. Linux only. */
import { readFileSync } from 'node:fs';
import { median } from '../quantile.mjs';
import { ask } from './open-load.mjs';

/** In which Linux counts the processor time of a process. */
const tickMs = 10;

/**
 * The contenders take turns. By contender the median of the rounds' microseconds of a request.
 * @param contenders { name, url, pid }
 */
export async function processorTimes(contenders, request, { rounds, requests = 3_000, connections = 16 }) {
  for (const { url } of contenders) await ask(url, request, { requests, connections });
  const times = new Map(contenders.map(({ name }) => [name, []]));
  for (let round = 0; round < rounds; round++) {
    for (const { name, url, pid } of contenders) {
      const before = processorMs(pid);
      await ask(url, request, { requests, connections });
      times.get(name).push(((processorMs(pid) - before) * 1_000) / requests);
    }
  }
  return new Map([...times].map(([name, all]) => [name, { micros: median(all), least: Math.min(...all) }]));
}

function processorMs(pid) {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1].split(' ');
  return (Number(fields[11]) + Number(fields[12])) * tickMs;
}
