/** The service as the demo runs it: `npm start` on a free port, watched over its log. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

export interface ServiceProcess {
  /** Where it listens, and the folder that it keeps its data in. */
  ready: Promise<{ url: string; data: string }>;
  /** Rejects when the service ends, with what it said last. */
  died: Promise<never>;
  /** Asks it to stop and waits until it has. Idempotent. */
  stop(): Promise<void>;
}

interface LogLine {
  level?: number;
  msg?: string;
  url?: string;
  data?: string;
}

const warning = 40;
const stopWithinMs = 12_000;

export function startService(environment: NodeJS.ProcessEnv): ServiceProcess {
  const service = spawn(process.execPath, [fileURLToPath(new URL('../main.js', import.meta.url))], {
    // The demo is of the service by itself, whatever else is set up here.
    env: {
      ...environment,
      ROLE: 'all',
      QUEUE_URL: '',
      HOST: '127.0.0.1',
      PORT: '0',
      LOG_FORMAT: 'json',
      LOG_LEVEL: 'info',
    },
    stdio: ['ignore', 'pipe', 'pipe'],
    // A Ctrl-C is the demo's to hear first: it stops the service in its own time.
    detached: true,
  });
  const exited = once(service, 'close');
  /** What explains an end: warnings and worse, and whatever is not a line of the log. */
  const complaints: string[] = [];

  const died = exited.then((): never => {
    throw new Error(['The service ended.', ...complaints.slice(-10)].join('\n'));
  });
  // Whoever does not wait for it need not hear of it.
  died.catch(() => undefined);
  createInterface({ input: service.stderr }).on('line', (line) => complaints.push(line));

  const ready = new Promise<{ url: string; data: string }>((resolve) => {
    createInterface({ input: service.stdout }).on('line', (line) => {
      const { level = 0, msg = line, url, data } = parseLine(line);
      if (level >= warning || msg === line) complaints.push(msg);
      if (url !== undefined && data !== undefined) resolve({ url, data });
    });
  });

  const stopNow = async (): Promise<void> => {
    const force = setTimeout(() => service.kill('SIGKILL'), stopWithinMs);
    service.kill('SIGTERM');
    await exited;
    clearTimeout(force);
  };
  let stopped: Promise<void> | undefined;

  return {
    ready,
    died,
    // Once: a second signal would cut its stop short.
    stop: () => (stopped ??= stopNow()),
  };
}

function parseLine(line: string): LogLine {
  try {
    return JSON.parse(line) as LogLine;
  } catch {
    return {};
  }
}
