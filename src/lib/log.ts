/** The one logger: JSON lines, or readable ones on a terminal. No secret leaves it. */
import { pino, type DestinationStream, type Logger } from 'pino';
import pretty from 'pino-pretty';

export type { Logger } from 'pino';

/** `destination` takes the lines of JSON; without one they go to the standard output. */
export function createLogger(
  options: { logLevel: string; logFormat: 'json' | 'pretty' },
  destination?: DestinationStream,
): Logger {
  const settings = {
    level: options.logLevel,
    redact: {
      paths: ['req.headers.authorization', 'req.headers["x-api-key"]', 'req.headers.cookie', '*.password'],
      censor: '[redacted]',
    },
    // A key may stand in any field: in a URL, in the message of an error, in its stack.
    hooks: { streamWrite: maskKeys },
  };
  if (destination) return pino(settings, destination);
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

/** As keys/key.ts writes a key, or a part of one; in a URL its underscores may be percent-encoded. */
const keySecret = /(ty(?:_|%5f)[0-9a-z]{12}(?:_|%5f))[\w%-]+/gi;

/** The text without the secrets of the keys in it. Their ids stay, so that an operator can find and revoke them. */
export function maskKeys(text: string): string {
  return text.replace(keySecret, '$1[redacted]');
}

/** A connection URL fit for a log: without user, password and query. */
export function withoutSecrets(url: string): string {
  const { protocol, host, pathname } = new URL(url);
  return `${protocol}//${host}${pathname}`;
}
