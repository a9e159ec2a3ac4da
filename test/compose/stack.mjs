/** The stack of docker-compose.yml under a separate project and port, so that it does not disturb a stack in use. */
import { createServer } from 'node:net';
import { docker, exec } from './docker.mjs';
import { eventually } from './eventually.mjs';

export const tag = 'compose-test';
const healthyWithinMs = 120_000;
const files = ['-f', 'docker-compose.yml'];
const monitoring = [...files, '-f', 'compose.observability.yml'];

export async function createStack({ compose }) {
  const project = `trainyard-test-${process.pid}`;
  const env = {
    TRAINYARD_TAG: tag,
    TRAINYARD_PORT: String(await freePort()),
    PROMETHEUS_PORT: String(await freePort()),
    GRAFANA_PORT: String(await freePort()),
  };
  const call = (args, options) =>
    exec([...compose, '-p', project, ...args], { ...options, env: { ...env, ...options?.env } });

  const stack = {
    project,
    url: `http://127.0.0.1:${env.TRAINYARD_PORT}`,
    prometheusUrl: `http://127.0.0.1:${env.PROMETHEUS_PORT}`,
    grafanaUrl: `http://127.0.0.1:${env.GRAFANA_PORT}`,
    compose: (args, options) => call([...files, ...args], options),
    withMonitoring: (args, options) => call([...monitoring, ...args], options),
    /** The ids of the running containers of a service, in order of their numbers. */
    containers: async (service) => {
      const filters = [
        `label=com.docker.compose.project=${project}`,
        `label=com.docker.compose.service=${service}`,
      ];
      const number = '{{.Label "com.docker.compose.container-number"}}';
      const lines = await docker([
        'ps',
        '--format',
        `${number} {{.ID}}`,
        ...filters.flatMap((each) => ['--filter', each]),
      ]);
      return lines
        .split('\n')
        .filter(Boolean)
        .map((line) => line.split(' '))
        .sort(([a], [b]) => Number(a) - Number(b))
        .map(([, id]) => id);
    },
    /** Waits until this number of containers of the service is healthy. */
    healthy: async (service, count = 1) => {
      const areHealthy = async () => {
        const states = await Promise.all((await stack.containers(service)).map(healthOf));
        if (states.length !== count || states.some((state) => state !== 'healthy'))
          throw new Error(`${service} is not healthy: ${states.join(', ') || 'no container'}`);
      };
      await eventually(areHealthy, { withinMs: healthyWithinMs, everyMs: 500 });
    },
    /** Runs a command in the newest container of the service. */
    inside: async (service, command) => {
      const [id] = (await stack.containers(service)).slice(-1);
      return docker(['exec', id, ...command]);
    },
    /** The container that trained the job last. Every log line about a job has its id. */
    workerOf: async (jobId) => {
      const find = async () => {
        const found = [];
        for (const id of await stack.containers('worker')) {
          const lines = (await linesOf(id)).filter((line) => line.job === jobId);
          if (lines.length > 0) found.push({ id, time: lines.at(-1).time });
        }
        if (found.length === 0) throw new Error(`no worker has a line about ${jobId}`);
        return found.sort((a, b) => b.time - a.time)[0].id;
      };
      return eventually(find, { withinMs: 20_000 });
    },
    logs: () => stack.compose(['logs', '--no-color', '--tail', '60'], { both: true }),
    down: () => stack.withMonitoring(['--profile', 'gpu', 'down', '-v', '--remove-orphans', '-t', '20']),
  };
  return stack;
}

/** The result of the HEALTHCHECK of the container. */
export async function healthOf(id) {
  return docker(['inspect', '--format', '{{.State.Health.Status}}', id]).catch(() => 'gone');
}

/** The log of a container, parsed as JSON lines. */
export async function linesOf(id) {
  const text = await docker(['logs', id], { both: true });
  return text
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line));
}

async function freePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return port;
}
