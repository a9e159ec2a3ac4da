/**
 * Replaces the image of the API while clients predict. With one replica there is a gap: requests during it are refused
 * or dropped, counted, and sent again. There must be no wrong or incomplete answer.
 */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { Agent, request } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { Buffer } from 'node:buffer';
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { testDigits } from './client.mjs';
import { docker } from './docker.mjs';
import { check, section } from './report.mjs';
import { linesOf, tag } from './stack.mjs';

const nextTag = `${tag}-next`;
const clients = 4;
const buildWithinMs = 600_000;

export async function checkUpgrade(stack, client) {
  section('Upgrade');
  await check(
    'a new image of the API takes over under load, and no prediction is wrong or incomplete',
    async () => {
      await docker(
        ['build', '--target', 'api', '--build-arg', 'REVISION=next', '-t', `trainyard-api:${nextTag}`, '.'],
        { timeoutMs: buildWithinMs },
      );
      const { pictures } = await testDigits(20);
      const body = JSON.stringify({ model: 'mnist-mlp', inputs: pictures.map((bytes) => [...bytes]) });
      const right = JSON.stringify((await client.post('/predict', JSON.parse(body))).predictions);
      const [old] = await stack.containers('api');
      const seen = idsSeenBy(old);
      const load = startLoad(stack.url, body, right);
      try {
        await sleep(2_000);
        await stack.compose(['up', '-d', '--no-deps', 'api'], { env: { TRAINYARD_TAG: nextTag } });
        await stack.healthy('api');
        await sleep(2_000);
      } catch (error) {
        load.abandon();
        throw error;
      }
      const tally = await load.stop();
      await seen.ended;

      const [fresh] = await stack.containers('api');
      const label = '{{index .Config.Labels "org.opencontainers.image.revision"}}';
      assert.equal(await docker(['inspect', '-f', label, fresh]), 'next');
      for (const { request_id: id } of await linesOf(fresh)) seen.ids.add(id);
      const lost = tally.dropped.filter((id) => seen.ids.has(id));
      assert.deepEqual(tally.wrong, []);
      assert.deepEqual(tally.cutOff, []);
      assert.deepEqual(lost, [], 'the service had these requests, and the client has no answer');
      const { right: answers, refused, dropped, unavailable } = tally;
      return (
        `${answers} answered right; ${refused} connections refused, ${dropped.length} dropped before the service ` +
        `had the request, ${unavailable} answered 503, each asked again until it was answered`
      );
    },
  );
}

/** Clients that send requests one after the other over kept connections, and repeat those that got no answer. */
function startLoad(url, body, right) {
  const tally = { right: 0, refused: 0, dropped: [], unavailable: 0, wrong: [], cutOff: [] };
  let stopping = false;
  let abandoned = false;
  const agent = new Agent({ keepAlive: true });
  const asked = async () => {
    while (!stopping) {
      while (!abandoned) {
        const id = randomUUID();
        const answer = await predict(url, agent, id, body);
        if (answer.status === 200) {
          if (JSON.stringify(JSON.parse(answer.text).predictions) === right) tally.right += 1;
          else tally.wrong.push(answer.text);
          break;
        }
        if (answer.status === 503) tally.unavailable += 1;
        else if (answer.status !== undefined) tally.wrong.push(`${answer.status} ${answer.text}`);
        else if (answer.code === 'ECONNREFUSED') tally.refused += 1;
        else if (answer.begun) tally.cutOff.push(answer.code);
        else tally.dropped.push(id);
        await sleep(50);
      }
    }
  };
  const all = Array.from({ length: clients }, asked);
  return {
    abandon: () => {
      stopping = abandoned = true;
      agent.destroy();
    },
    stop: async () => {
      stopping = true;
      await Promise.all(all);
      agent.destroy();
      return tally;
    },
  };
}

/** The answer, or the reason why there is none and whether it had started. */
function predict(url, agent, id, body) {
  return new Promise((resolve) => {
    let begun = false;
    const fail = ({ code }) => resolve({ code: code ?? 'unknown', begun });
    const headers = {
      'content-type': 'application/json',
      'content-length': Buffer.byteLength(body),
      'x-request-id': id,
    };
    const asked = request(`${url}/predict`, { method: 'POST', agent, headers }, (answer) => {
      begun = true;
      let text = '';
      answer.setEncoding('utf8');
      answer.on('data', (chunk) => (text += chunk));
      answer.on('end', () => resolve({ status: answer.statusCode, text }));
      answer.on('error', fail);
    });
    asked.on('error', fail);
    asked.setTimeout(30_000, () => asked.destroy(new Error('no answer')));
    asked.end(body);
  });
}

/**
 * The ids of the requests in the log of a container. They are collected until it ends, because its log disappears with
 * it.
 */
function idsSeenBy(container) {
  const ids = new Set();
  const args = ['logs', '--follow', '--tail', '0', container];
  const child = spawn('docker', args, { stdio: ['ignore', 'pipe', 'ignore'] });
  createInterface({ input: child.stdout }).on('line', (line) => ids.add(JSON.parse(line).request_id));
  return { ids, ended: new Promise((resolve) => child.once('close', resolve)) };
}
