/** Commands that are processes of their own: `serve`, `demo`, `keys` and `check` start the entries that npm starts too. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { constants } from 'node:os';
import { fileURLToPath } from 'node:url';
import type { Command } from 'commander';
import { commandName } from '../../lib/called-as.js';
import type { GlobalOptions } from '../session.js';

interface ServeOptions {
  host?: string;
  port?: string;
  data?: string;
}

export function addProcessCommands(program: Command): void {
  program
    .command('serve')
    .description('start the service here, until Ctrl-C')
    .option('--host <address>', 'address to listen on; HOST, or 127.0.0.1')
    .option('--port <number>', 'port to listen on; PORT, or 3000')
    .option('--data <folder>', 'folder of jobs, models and datasets; DATA_DIR, or data')
    .action(({ host, port, data }: ServeOptions) =>
      runEntry('main.js', [], {
        ...(host !== undefined && { HOST: host }),
        ...(port !== undefined && { PORT: port }),
        ...(data !== undefined && { DATA_DIR: data }),
      }),
    );

  program
    .command('demo')
    .description('train a network on handwritten digits, and have it read some')
    .action(() => runEntry('demo/main.js', []));

  passedOn(program, 'keys', 'create, list and revoke keys of the data folder', (args) =>
    runEntry('keys/main.js', args),
  );
  passedOn(program, 'check', 'read the whole data folder and report damage', (args, { json = false }) =>
    runEntry('check-data/main.js', json ? [...args, '--json'] : args),
  );
}

/** The entry knows its own options. */
function passedOn(
  program: Command,
  name: string,
  description: string,
  run: (args: string[], options: GlobalOptions) => Promise<void>,
): void {
  program
    .command(name)
    .description(description)
    .argument('[arguments...]', `see 'trainyard ${name} --help'`)
    .allowUnknownOption()
    .helpOption(false)
    .action((_args, _options, command: Command) => run(command.args, command.optsWithGlobals()));
}

/** Ends with the exit code of the entry. A signal reaches the entry too, wherever it came from. */
async function runEntry(entry: string, args: string[], settings: NodeJS.ProcessEnv = {}): Promise<void> {
  const path = fileURLToPath(new URL(`../../${entry}`, import.meta.url));
  const child = spawn(process.execPath, [path, ...args], {
    argv0: commandName,
    env: { ...process.env, ...settings },
    stdio: 'inherit',
  });
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
  for (const signal of signals) process.on(signal, () => child.kill(signal));
  const [code, signal] = (await once(child, 'close')) as [number | null, NodeJS.Signals | null];
  process.exitCode = code ?? 128 + constants.signals[signal ?? 'SIGTERM'];
}
