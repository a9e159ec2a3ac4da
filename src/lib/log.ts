/** The one logger: JSON lines, or readable lines for a terminal. It masks secrets. */
import { pino, type DestinationStream, type Logger } from 'pino';
import pretty from 'pino-pretty';
import { GatheredLines } from './gathered-lines.js';

export type { Logger } from 'pino';

const redacted = '[redacted]';

/** JSON lines go to `destination`; without one, lines go to the standard output. */
export function createLogger(
  options: { logLevel: string; logFormat: 'json' | 'pretty' },
  destination?: DestinationStream,
): Logger {
  const settings = {
    level: options.logLevel,
    redact: {
      paths: ['req.headers.authorization', 'req.headers["x-api-key"]', 'req.headers.cookie'],
      censor: redacted,
    },
    formatters: { log: withoutPasswords },
    // A key may be in any field, such as a URL, the message of an error or its stack.
    hooks: { streamWrite: maskKeys },
  };
  if (destination) return pino(settings, destination);
  return options.logFormat === 'pretty'
    ? pino(settings, pretty({ ignore: 'pid,hostname', translateTime: 'SYS:HH:MM:ss', singleLine: true }))
    : // flush() waits for what is being written only where there is a minimum length.
      pino(settings, new GatheredLines(pino.destination({ sync: false, minLength: 1 })));
}

/** What the wildcard `*.password` of Pino's redaction does; that one doubles the time of a line. */
function withoutPasswords(fields: Record<string, unknown>): Record<string, unknown> {
  let masked = fields;
  for (const [name, value] of Object.entries(fields)) {
    if (typeof value !== 'object' || value === null || !('password' in value)) continue;
    const plain = value instanceof Error ? pino.stdSerializers.err(value) : value;
    masked = { ...masked, [name]: { ...plain, password: redacted } };
  }
  return masked;
}

/** Resolves when every line is written. A process that ends earlier may write its last lines in another order. */
export function written(log: Logger): Promise<void> {
  // For a pipe, flush() reports an error because a pipe cannot be synchronised. The lines are written nevertheless.
  return new Promise((resolve) => {
    log.flush(() => {
      resolve();
    });
  });
}

/** A key as keys/key.ts writes it, or its beginning. In a URL its underscores may be percent-encoded. */
const keySecret = /(ty(?:_|%5f)[0-9a-z]{12}(?:_|%5f))[\w%-]+/gi;

/** Masks the secrets of all keys in the text. Their ids stay, so that an operator can find and revoke the keys. */
export function maskKeys(text: string): string {
  return text.replace(keySecret, '$1[redacted]');
}

/** A connection URL fit for a log: without user, password and query. */
export function withoutSecrets(url: string): string {
  const { protocol, host, pathname } = new URL(url);
  return `${protocol}//${host}${pathname}`;
}
