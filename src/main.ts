/** The service's entry. It is the whole service, or the supervisor of several processes, or one of those. */
import cluster from 'node:cluster';
import { loadConfig } from './config.js';
import { TrainyardError } from './errors.js';
import { createLogger } from './lib/log.js';

try {
  const config = loadConfig();
  const log = createLogger(config);
  // The supervisor loads nothing of the service.
  if (config.apiProcesses > 1 && cluster.isPrimary) {
    const { superviseService } = await import('./composition/supervised-service.js');
    await superviseService(config, log);
  } else {
    const { runService } = await import('./composition/service.js');
    await runService(config, log);
  }
} catch (error) {
  // An operator can mend a TrainyardError, and reads one plain line. Only a fault of the service shows its stack.
  console.error(error instanceof TrainyardError ? inOneLine(error) : error);
  process.exitCode = 1;
  // The channel to the supervisor would keep the process alive.
  if (cluster.isWorker) process.exit();
}

function inOneLine({ code, message, cause }: TrainyardError): string {
  const reason = cause instanceof Error ? cause.message : '';
  const isSaid = reason === '' || message.includes(reason);
  return `${code}: ${message}${isSaid ? '' : ` (${reason})`}`.replace(/\s+/g, ' ');
}
