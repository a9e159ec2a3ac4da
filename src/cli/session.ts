/** One run of the command: the service that it asks, and how it is interrupted. */
import type { Command } from 'commander';
import { ConnectionError, createClient, type Client } from 'trainyard/client';
import { startService, type ServiceProcess } from '../demo/service-process.js';
import { Failure, Interrupted, UsageError } from './failures.js';
import { createOutput, type Output } from './output.js';

export interface GlobalOptions {
  url?: string;
  key?: string;
  json?: boolean;
}

export interface Session {
  client: Client;
  /** Without a slash at the end. */
  url: string;
  output: Output;
  /** Aborted by Ctrl-C. */
  signal: AbortSignal;
  /** The service that this command started and ends, with the folder of its data. */
  own: { data: string } | null;
}

export function outputOf(command: Command): Output {
  const { json = false } = command.optsWithGlobals<GlobalOptions>();
  return createOutput({ isJson: json, stdout: process.stdout, stderr: process.stderr, env: process.env });
}

/** Where the service is, and whether somebody said so. */
function addressOf({ url }: GlobalOptions): { url: string; isNamed: boolean } {
  const named = url ?? process.env['TRAINYARD_URL'];
  if (named === undefined || named === '') {
    return { url: `http://127.0.0.1:${process.env['PORT'] ?? '3000'}`, isNamed: false };
  }
  if (!/^https?:\/\//.test(named) || !URL.canParse(named)) {
    throw new UsageError(`${named} is not the URL of a service; it is like http://127.0.0.1:3000.`);
  }
  return { url: named.replace(/\/+$/, ''), isNamed: true };
}

/**
 * Runs a command. Where none answers and nobody named one, `startsService` starts a service for as long as the command runs, on
 * DATA_DIR.
 */
export async function withSession(
  command: Command,
  { startsService = false }: { startsService?: boolean },
  work: (session: Session) => Promise<void>,
): Promise<void> {
  const options = command.optsWithGlobals<GlobalOptions>();
  const output = outputOf(command);
  const key = options.key ?? process.env['TRAINYARD_KEY'];
  const { url, isNamed } = addressOf(options);
  const clientAt = (baseUrl: string): Client =>
    createClient({ baseUrl, retry: { attempts: 3 }, ...(key !== undefined && { key }) });

  const interrupt = new AbortController();
  let service: ServiceProcess | undefined;
  const onSignal = (): void => {
    if (interrupt.signal.aborted) void service?.stop().finally(() => process.exit(130));
    interrupt.abort(new Interrupted('interrupted'));
  };
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
  for (const signal of signals) process.on(signal, onSignal);

  try {
    const session = { output, signal: interrupt.signal };
    if (!startsService || isNamed || (await answers(clientAt(url)))) {
      await work({ ...session, client: clientAt(url), url, own: null });
      return;
    }
    output.note(`No service answers at ${url}. Starting one for this command …`);
    service = startService(process.env);
    const { url: ownUrl, data } = await Promise.race([
      service.ready,
      service.died,
      aborted(interrupt.signal),
    ]);
    await Promise.race([
      work({ ...session, client: clientAt(ownUrl), url: ownUrl, own: { data } }),
      service.died,
    ]);
  } finally {
    await service?.stop();
    for (const signal of signals) process.off(signal, onSignal);
  }
}

/** @throws Failure when something else than Trainyard answers */
async function answers(client: Client): Promise<boolean> {
  try {
    const answer = (await (await client.fetch('/health/live')).json()) as { status?: unknown };
    if (typeof answer.status === 'string') return true;
  } catch (error) {
    if (error instanceof ConnectionError) return false;
  }
  throw new Failure(
    `Something else than Trainyard answers at ${client.baseUrl}. Say where it is with --url.`,
  );
}

function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) =>
    signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true }),
  );
}
