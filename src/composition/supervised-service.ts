/** A service of several API processes: starts their supervisor. SIGTERM and SIGINT stop all, SIGHUP replaces them one by one. */
import { fileURLToPath } from 'node:url';
import type { Config } from '../config.js';
import { written, type Logger } from '../lib/log.js';
import { onStopSignal } from '../lib/stop-signals.js';
import { Supervisor } from '../processes/supervisor.js';

const entry = fileURLToPath(new URL('../main.js', import.meta.url));

export async function superviseService(config: Config, log: Logger): Promise<void> {
  const state = { isStopping: false };
  const stop = async (signal: NodeJS.Signals, exitCode: number): Promise<never> => {
    state.isStopping = true;
    await supervisor.stop(signal);
    log.info('stopped');
    await written(log);
    process.exit(exitCode);
  };
  const supervisor = new Supervisor({
    entry,
    count: config.apiProcesses,
    log,
    onCrashLoop(error) {
      log.fatal({ err: error, code: error.code }, 'stopping, because the processes of the service fail');
      console.error(`${error.code}: ${error.message}`);
      void stop('SIGTERM', 1);
    },
  });
  onStopSignal({
    stop(signal) {
      log.info({ signal }, 'stopping');
      void stop(signal, 0);
    },
    stopAtOnce() {
      supervisor.killAll();
      process.exit(1);
    },
  });
  // In a terminal the signal means that the terminal has been closed, and ends the service.
  if (!process.stdin.isTTY) process.on('SIGHUP', () => void supervisor.restart());

  const summary = await supervisor.start();
  if (summary === null) {
    if (!state.isStopping) process.exit(1);
    return;
  }
  log.info({ ...summary, processes: config.apiProcesses }, `Trainyard listens on ${summary.url}`);
}
