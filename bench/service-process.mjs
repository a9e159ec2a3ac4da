/** The built service as its users run it, in a process of its own on a free port. */
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

export const builtHere = fileURLToPath(new URL('../dist', import.meta.url));

/** Resolves when it listens. `dist` is the folder of another build, `env` has further settings. */
export async function startService(dataDir, { dist = builtHere, env = {} } = {}) {
  const child = spawn(process.execPath, [join(dist, 'main.js')], {
    env: { PATH: process.env.PATH, DATA_DIR: dataDir, PORT: '0', LOG_FORMAT: 'json', ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const kill = () => child.kill('SIGKILL');
  process.once('exit', kill);
  const lines = createInterface({ input: child.stdout });
  /** The first line from now on that is so. */
  const logged = (isSo) =>
    new Promise((resolve, reject) => {
      lines.on('line', function look(text) {
        const line = JSON.parse(text);
        if (!isSo(line)) return;
        lines.off('line', look);
        resolve(line);
      });
      lines.once('close', () => reject(new Error('The service ended')));
    });
  const { url } = await logged(({ msg }) => /^Trainyard (listens on|worker is ready)/.test(msg));

  return {
    url,
    /** Of the service alone, so far. Needs /proc. */
    cpuSeconds() {
      const fields = readFileSync(`/proc/${child.pid}/stat`, 'utf8').split(') ')[1].split(' ');
      return (Number(fields[11]) + Number(fields[12])) / clockTicksPerSecond();
    },
    residentMb() {
      const [, kilobytes] = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${child.pid}/status`, 'utf8'));
      return Number(kilobytes) / 1024;
    },
    pid: child.pid,
    /** Resolves when the job trains, with the id of the process that trains it. */
    async train(job) {
      const training = logged(({ msg, pid }) => msg === 'training' && pid !== child.pid);
      const { id } = await post(`${url}/v1/jobs`, job);
      return { id, pid: (await training).pid };
    },
    async ended(id) {
      for (;;) {
        const { status, error } = await (await fetch(`${url}/v1/jobs/${id}`)).json();
        if (status === 'succeeded') return;
        if (error) throw new Error(`The job ended as ${status}: ${error.message}`);
        await sleep(100);
      }
    },
    async stop() {
      const closed = once(child, 'close');
      child.kill('SIGTERM');
      await closed;
      process.off('exit', kill);
    },
  };
}

function clockTicksPerSecond() {
  return Number(execFileSync('getconf', ['CLK_TCK']));
}

async function post(url, document) {
  const answer = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(document),
  });
  if (!answer.ok) throw new Error(`${url} answered ${answer.status}: ${await answer.text()}`);
  return answer.json();
}
