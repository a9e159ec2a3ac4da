/** Entry point of `npm run -s check-data` and `trainyard check`. */
import { loadConfig, type Config } from '../config.js';
import { TrainyardError } from '../errors.js';
import { lockFolder } from '../jobs/queue/folder-lock.js';
import { calledAs } from '../lib/called-as.js';
import { openStorage } from '../storage/open-storage.js';
import { parseOptions, runCheck, usage } from './check-command.js';

const args = process.argv.slice(2);
const call = calledAs('check', 'check-data');
const exitCodes = { healthy: 0, damaged: 1, notChecked: 2 };

try {
  if (args.includes('--help') || args.includes('-h')) console.log(usage(call));
  else {
    const options = parseOptions(args);
    const config = loadConfig();
    const storage = await openStorage(config.store, config.dataDir);
    const release = options.repair ? await lockOutServices(config) : () => undefined;
    try {
      const isHealthy = await runCheck(storage, options, { out: console.log, progress }, new Date());
      process.exitCode = isHealthy ? exitCodes.healthy : exitCodes.damaged;
    } finally {
      await release();
    }
  }
} catch (error) {
  console.error(error instanceof TrainyardError ? `${error.code}: ${error.message}` : error);
  console.error(`See ${call} --help for its usage.`);
  process.exitCode = exitCodes.notChecked;
}

/**
 * Other services cannot be detected: the user must stop them.
 * @returns a function that releases the lock
 * @throws TrainyardError DATA_FOLDER_IN_USE while a service with the embedded queue runs on the folder
 */
async function lockOutServices({ store, queue, dataDir }: Config): Promise<() => Promise<void> | void> {
  if (store.kind === 'folder' && queue.kind === 'embedded') return lockFolder(dataDir);
  console.error('Make sure that no API and no worker runs on this store. This command cannot detect them.');
  return () => undefined;
}

/** On a terminal, each line replaces the last one. */
function progress(line: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${line}`);
}
