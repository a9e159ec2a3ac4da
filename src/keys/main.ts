/** Entry point of `npm run keys` and `trainyard keys`. */
import { loadConfig } from '../config.js';
import { TrainyardError } from '../errors.js';
import { calledAs } from '../lib/called-as.js';
import { openStorage } from '../storage/open-storage.js';
import { runKeyCommand, usage } from './key-command.js';
import { createKeyStore } from './key-store.js';

const args = process.argv.slice(2);
const call = calledAs('keys', 'keys');
try {
  if (args.includes('--help') || args.includes('-h')) console.log(usage(call));
  else {
    const config = loadConfig();
    const store = createKeyStore(await openStorage(config.store, config.dataDir));
    await runKeyCommand(args, {
      store,
      terminal: { out: console.log, note: console.error },
      now: new Date(),
      call,
    });
  }
} catch (error) {
  console.error(error instanceof TrainyardError ? `${error.code}: ${error.message}` : error);
  console.error(`See ${call} --help for its usage.`);
  process.exitCode = 1;
}
