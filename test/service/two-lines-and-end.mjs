/** Logs two lines and ends at once, while the only thread that could write the first line is busy. */
import { pbkdf2 } from 'node:crypto';
import { createLogger, written } from '../../dist/lib/log.js';

const log = createLogger({ logLevel: 'info', logFormat: 'json' });
pbkdf2('password', 'salt', 500_000, 64, 'sha512', () => undefined);
log.info('first');
log.info('second');
await written(log);
process.exit(0);
