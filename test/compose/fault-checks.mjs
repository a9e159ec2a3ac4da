/** Runs several workers, and kills or stops parts of the stack while they train. */
import assert from 'node:assert/strict';
import { linesOf } from './stack.mjs';
import { docker } from './docker.mjs';
import { check, mustHold, section } from './report.mjs';

/** About ten seconds on one core, with a checkpoint each second. Its bits depend only on these settings. */
const job = {
  network: { hidden: [{ units: 64, dropout: 0.2 }, { units: 32 }] },
  batch_size: 16,
  epochs: 8,
  seed: 7,
  engine: 'wasm',
  checkpoint: { every_steps: 1_000 },
};
export const workers = 3;

export async function checkFaults(stack, client) {
  let whole;
  /** Checks that the job ended with the bits of an undisturbed run. */
  const endsAsWhole = async ({ id }) => {
    const ended = await client.succeeded(id);
    assert.equal(await client.fileOf(ended), whole);
    return ended;
  };
  const underWay = (id) => client.jobWhen(id, ({ progress }) => progress.step > 2_000);

  section(`${workers} workers`);
  await mustHold(`--scale worker=${workers} comes up`, async () => {
    await stack.compose(['up', '-d', '--no-recreate', '--scale', `worker=${workers}`]);
    await stack.healthy('worker', workers);
  });
  await mustHold('a job trains undisturbed', async () => {
    whole = await client.fileOf(await client.succeeded((await client.submit({ ...job, model: 'whole' })).id));
    return `model.safetensors ${whole.slice(0, 12)}…`;
  });
  await check(
    `${workers} jobs train at once, each in a container of its own, with the same bits`,
    async () => {
      const jobs = [];
      for (let i = 0; i < workers; i += 1) jobs.push(await client.submit({ ...job, model: `beside-${i}` }));
      await Promise.all(jobs.map(({ id }) => client.jobWhen(id, ({ progress }) => progress.step > 0)));
      const now = await Promise.all(jobs.map(({ id }) => client.job(id)));
      assert.deepEqual(
        now.map(({ status }) => status),
        Array(workers).fill('running'),
      );
      const places = await Promise.all(jobs.map(({ id }) => stack.workerOf(id)));
      assert.equal(new Set(places).size, workers);
      await Promise.all(jobs.map(endsAsWhole));
      return places.join(', ');
    },
  );

  section('Faults');
  await check('a worker is killed: another takes its job over, and it ends with the same bits', async () => {
    const { id } = await client.submit({ ...job, model: 'killed' });
    await underWay(id);
    const victim = await stack.workerOf(id);
    await docker(['kill', '-s', 'KILL', victim]);
    const ended = await endsAsWhole({ id });
    const heir = await stack.workerOf(id);
    assert.notEqual(heir, victim);
    assert.equal(ended.attempts, 2);
    assert.ok(ended.resumed_from_step > 0);
    await docker(['start', victim]);
    await stack.healthy('worker', workers);
    return `${victim} → ${heir}, from step ${ended.resumed_from_step}`;
  });
  await check(
    'Redis is killed and comes back: the job ends with the same bits, and so does one sent meanwhile',
    async () => {
      const [redis] = await stack.containers('redis');
      const during = await client.submit({ ...job, model: 'without-redis' });
      await underWay(during.id);
      await docker(['kill', '-s', 'KILL', redis]);
      const meanwhile = await client.submit({ ...job, model: 'sent-meanwhile' });
      await client.get('/health/live');
      await docker(['start', redis]);
      await stack.healthy('redis');
      await endsAsWhole(during);
      await endsAsWhole(meanwhile);
      await stack.healthy('api');
      return `${(await client.job(during.id)).attempts} attempts`;
    },
  );
  await check(
    'stopped workers hand their job back in time, and continue it from its checkpoint when they are up again',
    async () => {
      const { id } = await client.submit({ ...job, model: 'stopped' });
      await underWay(id);
      const all = await stack.containers('worker');
      const trains = await stack.workerOf(id);
      await stack.compose(['stop', 'worker']);
      for (const each of all) assert.equal(await docker(['inspect', '-f', '{{.State.ExitCode}}', each]), '0');
      const lines = (await linesOf(trains)).map(({ msg }) => msg);
      assert.ok(
        lines.includes('job handed back to the queue; it continues from its checkpoint'),
        lines.slice(-5).join('\n'),
      );
      assert.equal((await client.job(id)).status, 'queued');
      await stack.compose(['up', '-d', '--no-recreate', '--scale', `worker=${workers}`]);
      const ended = await endsAsWhole({ id });
      assert.ok(ended.resumed_from_step > 0);
      return `from step ${ended.resumed_from_step}`;
    },
  );
}
