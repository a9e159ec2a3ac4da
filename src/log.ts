/** The one logger: JSON lines, or readable ones on a terminal. Secrets never reach it. */
import { pino, type Logger } from 'pino';
import pretty from 'pino-pretty';

export type { Logger } from 'pino';

export function createLogger(options: { logLevel: string; logFormat: 'json' | 'pretty' }): Logger {
  const settings = {
    level: options.logLevel,
    redact: {
      paths: ['req.headers.authorization', 'req.headers["x-api-key"]', 'req.headers.cookie', '*.password'],
      censor: '[redacted]',
    },
  };
  return options.logFormat === 'pretty'
    ? pino(settings, pretty({ ignore: 'pid,hostname', translateTime: 'SYS:HH:MM:ss', singleLine: true }))
    : // With a minimum flush() waits for what is being written; with none it does nothing.
      pino(settings, pino.destination({ sync: false, minLength: 1 }));
}

/** Resolves when every line is out: a process that ends before may write its last ones in another order. */
export function written(log: Logger): Promise<void> {
  // A pipe cannot be synchronised, which is told as an error: it has been written nevertheless.
  return new Promise((resolve) => {
    log.flush(() => {
      resolve();
    });
  });
}

/** A connection URL fit for a log: without user, password and query. */
export function withoutSecrets(url: string): string {
  const { protocol, host, pathname } = new URL(url);
  return `${protocol}//${host}${pathname}`;
}
