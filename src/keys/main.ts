/** Entry point of `npm run keys`. */
import { loadConfig } from '../config.js';
import { TrainyardError } from '../errors.js';
import { openStorage } from '../storage/open-storage.js';
import { runKeyCommand, usage } from './key-command.js';
import { createKeyStore } from './key-store.js';

const args = process.argv.slice(2);
try {
  if (args.includes('--help') || args.includes('-h')) console.log(usage);
  else {
    const config = loadConfig();
    const store = createKeyStore(await openStorage(config.store, config.dataDir));
    await runKeyCommand(args, {
      store,
      terminal: { out: console.log, note: console.error },
      now: new Date(),
    });
  }
} catch (error) {
  console.error(error instanceof TrainyardError ? `${error.code}: ${error.message}` : error);
  console.error('See npm run keys -- --help for its usage.');
  process.exitCode = 1;
}
