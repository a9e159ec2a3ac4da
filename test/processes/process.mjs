/** A process under the supervisor: it is ready as long as the file that PROBLEM names is not there, and otherwise ends at once. */
import { existsSync } from 'node:fs';

if (existsSync(process.env.PROBLEM)) process.exit(3);
process.on('message', ({ kind }) => {
  if (kind === 'retire') process.exit(0);
});
process.on('SIGTERM', () => process.exit(0));
process.send({ kind: 'listening', summary: { url: `http://127.0.0.1/${process.pid}` } });
process.send({ kind: 'ready' });
