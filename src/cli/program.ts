/** The command `trainyard` with all that follows it. */
import { readFileSync } from 'node:fs';
import { Command } from 'commander';
import { addDatasetCommands } from './commands/datasets.js';
import { addJobCommands } from './commands/jobs.js';
import { addModelCommands } from './commands/models.js';
import { addPredictCommand } from './commands/predict.js';
import { addProcessCommands } from './commands/serve.js';
import { addSweepCommand } from './commands/sweep.js';
import { addSweepsCommands } from './commands/sweeps.js';
import { addToolCommands } from './commands/tools.js';
import { addTrainCommand } from './commands/train.js';

export function buildProgram(): Command {
  const program = new Command('trainyard')
    .description('Train neural networks on your own data, and predict with them.')
    .version(productVersion())
    .option('--url <url>', 'where the service is; TRAINYARD_URL, or http://127.0.0.1:3000')
    .option('--key <key>', 'the key to use; TRAINYARD_KEY')
    .option('--json', 'answer with JSON')
    .exitOverride()
    .showSuggestionAfterError()
    .addHelpText(
      'after',
      `
Begin with:
  trainyard train data.csv --target COLUMN
  trainyard predict MODEL new-data.csv

Exit codes: 0 done; 1 the job or the service failed; 2 wrong usage; 3 no service answers; 4 the key is missing or does not
allow this; 130 interrupted.`,
    );
  addTrainCommand(program);
  addSweepCommand(program);
  addPredictCommand(program);
  addDatasetCommands(program);
  addJobCommands(program);
  addSweepsCommands(program);
  addModelCommands(program);
  addProcessCommands(program);
  addToolCommands(program);
  return program;
}

function productVersion(): string {
  const manifest = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
  return (JSON.parse(manifest) as { version: string }).version;
}
