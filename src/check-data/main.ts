/** The entry of `npm run -s check-data`. */
import { loadConfig, type Config } from '../config.js';
import { TrainyardError } from '../errors.js';
import { lockFolder } from '../jobs/queue/folder-lock.js';
import { openStorage } from '../storage/open-storage.js';
import { parseOptions, runCheck, usage } from './check-command.js';

const args = process.argv.slice(2);
const whole = 0;
const damaged = 1;
const notChecked = 2;

try {
  if (args.includes('--help') || args.includes('-h')) console.log(usage);
  else {
    const options = parseOptions(args);
    const config = loadConfig();
    const storage = await openStorage(config.store, config.dataDir);
    const release = options.repair ? await keepServiceAway(config) : () => undefined;
    try {
      const isWhole = await runCheck(storage, options, { out: console.log, progress }, new Date());
      process.exitCode = isWhole ? whole : damaged;
    } finally {
      await release();
    }
  }
} catch (error) {
  console.error(error instanceof TrainyardError ? `${error.code}: ${error.message}` : error);
  console.error('npm run -s check-data -- --help shows how it is used.');
  process.exitCode = notChecked;
}

/** @throws TrainyardError DATA_FOLDER_IN_USE while a service with the embedded queue runs on the folder */
async function keepServiceAway({ store, queue, dataDir }: Config): Promise<() => Promise<void> | void> {
  if (store.kind === 'folder' && queue.kind === 'embedded') return lockFolder(dataDir);
  console.error('Make sure that no API and no worker runs on this store: they cannot be seen from here.');
  return () => undefined;
}

/** On a terminal, over what it said before. */
function progress(line: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${line}`);
}
