/**
 * The stream of events as clients read it that are less forgiving than a browser. Each reader here follows the rules of a
 * Python package, and parses as JSON whatever that package hands to its user.
 */
import { expect, onTestFinished, test } from 'vitest';
import { end, submit, takeUp } from '../runs.js';
import { readStream } from './event-reader.js';
import { startService } from '../service.js';

/**
 * httpx-sse 0.4, SSEDecoder.decode, and the decoder of openai 1.x, which is the same: a blank line ends an event as soon
 * as there is an event name, data, a retry, or the id of any event before.
 */
function decodeLines(text: string): unknown[] {
  const events: unknown[] = [];
  let [event, id, retry, data] = ['', '', '', [] as string[]];
  for (const line of text.split('\n').slice(0, -1)) {
    if (line === '') {
      if (event || data.length > 0 || id || retry) events.push(JSON.parse(data.join('\n')));
      [event, retry, data] = ['', '', []];
      continue;
    }
    if (line.startsWith(':')) continue;
    const [, field, value = ''] = /^([^:]*):? ?(.*)$/.exec(line) ?? [];
    if (field === 'event') event = value;
    else if (field === 'data') data.push(value);
    else if (field === 'id') id = value;
    else if (field === 'retry') retry = value;
  }
  return events;
}

/** As many hand-written clients do: a blank line parts events, each of which has a line of JSON. */
function splitAtBlankLines(text: string): unknown[] {
  return text
    .split('\n\n')
    .filter((block) => !/^(?::.*\n?)*$/.test(block))
    .map((block) => {
      const data = block.split('\n').find((line) => line.startsWith('data: '));
      return JSON.parse(data?.slice('data: '.length) ?? '') as unknown;
    });
}

test('a stream with comments before, between and after its events is one event of JSON after the other', async () => {
  const service = await startService({ heartbeatMs: 5 });
  const { id } = await submit(service);
  const path = `/v1/jobs/${id}/events`;
  const log = await takeUp(service, id);
  const reader = await readStream(service.url + path);
  onTestFinished(() => reader.leave());
  const raw = fetch(service.url + path, { headers: { accept: 'text/event-stream' } }).then((answer) =>
    answer.text(),
  );
  for (const step of [1, 2, 3]) {
    const before = reader.comments.length;
    await expect.poll(() => reader.comments.length).toBeGreaterThan(before);
    await log.append({ type: 'checkpoint', step });
  }
  await end(service, id, 'succeeded');
  await reader.ended;
  const text = await raw;
  expect(text.match(/^:/gm)?.length).toBeGreaterThan(2);
  expect(text.match(/^retry: 2000$/gm)).toHaveLength(1);
  expect(decodeLines(text)).toEqual(reader.events());
  expect(splitAtBlankLines(text)).toEqual(reader.events());
  expect(reader.events().length).toBeGreaterThan(5);
});
