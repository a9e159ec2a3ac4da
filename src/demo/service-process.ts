/** The service as the demo runs it: `npm start` on a free port, followed by its log. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

export interface ServiceProcess {
  /** Where it listens, and the folder that it keeps its data in. */
  ready: Promise<{ url: string; data: string }>;
  /** Rejects when the service ends, with the last lines that explain it. */
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
    // The demo shows the service alone, even where a queue or other settings are configured.
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
    // A Ctrl-C must reach the demo alone, which then stops the service.
    detached: true,
  });
  const exited = once(service, 'close');
  /** What may explain an end: warnings, errors, and output that is not a log line. */
  const complaints: string[] = [];

  const died = exited.then((): never => {
    throw new Error(['The service ended.', ...complaints.slice(-10)].join('\n'));
  });
  // Without a listener the rejection must not end the process.
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
    // One signal only: a second one would cut the service's stop short.
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
