import { expect, test, vi } from 'vitest';
import { ApiError, createClient, type JobEvent } from '../../client/client.js';
import { end, submit, takeUp } from '../api/runs.js';
import { startService } from '../api/service.js';
import { cuttableWayTo } from '../cuttable-way.js';

const warning = (message: string) => ({ type: 'log', level: 'warn', message }) as const;

async function seqs(events: AsyncIterable<JobEvent>): Promise<number[]> {
  const all = [];
  for await (const { seq } of events) all.push(seq);
  return all;
}

test('a connection that is lost again and again costs no event, repeats none, and changes no order', async () => {
  const service = await startService();
  const way = await cuttableWayTo(service.url);
  const client = createClient({ baseUrl: way.url });
  const { id } = await submit(service);
  const log = await takeUp(service, id);

  const received: JobEvent[] = [];
  const losses: Error[] = [];
  const watched = client.waitForJob(id, {
    onEvent: (event) => received.push(event),
    onDisconnect: (error) => losses.push(error),
  });
  for (let cuts = 1; cuts <= 3; cuts++) {
    await log.append(warning(`before cut ${cuts}`));
    await vi.waitFor(() => expect(received).toHaveLength(2 * cuts + 1));
    way.cut();
    await log.append(warning(`while the connection is lost, ${cuts}`));
    await vi.waitFor(() => expect(received).toHaveLength(2 * cuts + 2));
  }
  await end(service, id, 'succeeded');

  expect((await watched).status).toBe('succeeded');
  expect(losses).toHaveLength(3);
  const { data } = (await service.http.get(`/v1/jobs/${id}/events`)).body as { data: JobEvent[] };
  expect(received).toEqual(data);
  expect(received.at(-1)).toMatchObject({ type: 'done', status: 'succeeded' });
});

test('events go on after the one that the caller has', async () => {
  const service = await startService();
  const { id } = await submit(service);
  const log = await takeUp(service, id);
  await log.append(warning('a'), warning('b'));
  await end(service, id, 'failed');
  const client = createClient({ baseUrl: service.url });
  expect(await seqs(client.jobEvents(id, { after: 3 }))).toEqual([4, 5, 6]);
  expect(await seqs(client.jobEvents(id, { after: 6 }))).toEqual([]);
});

test('who stops listening, or aborts, leaves no connection behind', async () => {
  const service = await startService();
  const way = await cuttableWayTo(service.url);
  const client = createClient({ baseUrl: way.url });
  const { id } = await submit(service);
  for await (const { seq } of client.jobEvents(id)) {
    expect(seq).toBe(1);
    break;
  }
  const stop = new AbortController();
  const watched = client.waitForJob(id, {
    signal: stop.signal,
    onConnect: () => stop.abort(new Error('enough')),
  });
  await expect(watched).rejects.toThrow('enough');
  await vi.waitFor(() =>
    expect(service.logLines.filter(({ url }) => url === `/v1/jobs/${id}/events`)).toHaveLength(2),
  );
});

test('a job that does not exist is not waited for', async () => {
  const service = await startService();
  const watched = createClient({ baseUrl: service.url }).waitForJob('job_00000000000000000000000000');
  await expect(watched).rejects.toMatchObject({ status: 404, code: 'JOB_NOT_FOUND' });
  await expect(watched).rejects.toBeInstanceOf(ApiError);
});
