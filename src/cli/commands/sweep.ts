/** `trainyard sweep FILE`: searches for the best settings of a training, and trains with them. */
import type { Command } from 'commander';
import type { SweepRequest } from 'trainyard/client';
import { runSweep } from '../run-sweep.js';
import { withSession } from '../session.js';
import { settingsOf, whole } from '../settings.js';
import { spaceOf } from '../vary.js';
import { collect, datasetOf } from './train.js';

interface SweepOptions {
  target: string[];
  name?: string;
  model?: string;
  set: string[];
  vary: string[];
  method?: string;
  metric?: string;
  trials?: number;
  seconds?: number;
  parallel?: number;
  seed?: number;
  earlyStop?: boolean;
}

export function addSweepCommand(program: Command): void {
  program
    .command('sweep')
    .description('try many settings of a training, and train with the best')
    .argument('<file>', 'as for train')
    .option('--target <column>', 'the column to predict; again for several', collect, [])
    .option('--name <name>', 'name of the dataset; the default is that of the file')
    .option('--model <name>', 'name of the model; the default is that of the dataset')
    .option('--set <field=value>', 'a field of every job, such as epochs=20; again for several', collect, [])
    .option('--vary <field=values>', 'a field that varies; again for several', collect, [])
    .option('--method <method>', 'tpe, random or grid')
    .option('--metric <metric>', 'what is improved on the validation rows: loss, accuracy or rmse')
    .option('--trials <number>', 'how many trials, at most', whole)
    .option('--seconds <number>', 'for how long trials are added', whole)
    .option('--parallel <number>', 'how many trials at a time', whole)
    .option('--seed <number>', 'the same seed tries the same', whole)
    .option('--early-stop', 'stop trials that are clearly worse than others')
    .addHelpText(
      'after',
      `
Examples:
  trainyard sweep churn.csv --target churned --seconds 600
  trainyard sweep churn.csv --target churned --trials 40 --vary optimizer.learning_rate=0.0001..0.1:log \\
    --vary batch_size=16,32,64 --vary 'network.hidden=[[{"units":64}],[{"units":128},{"units":64}]]'

A range is MIN..MAX, with :log for a logarithmic scale and :integer for integers. Without --vary the service chooses what to
vary. docs/sweeps.md says how it searches.`,
    )
    .action((file: string, options: SweepOptions, command: Command) => {
      const settings = settingsOf(options.set);
      const parameters = spaceOf(options.vary);
      return withSession(command, { startsService: true }, async (session) => {
        const { target, model, method, metric, trials, seconds, parallel, seed, earlyStop } = options;
        const dataset = await datasetOf(session, file, options);
        // The service checks what the options say, and names the field.
        const body = {
          job: {
            dataset,
            ...(target.length > 0 && { target: target.length === 1 ? target[0] : target }),
            ...(model !== undefined && { model }),
            ...settings,
          },
          ...(options.vary.length > 0 && { parameters }),
          ...(method !== undefined && { method }),
          ...(metric !== undefined && { metric }),
          ...(trials !== undefined && { max_trials: trials }),
          ...(seconds !== undefined && { max_seconds: seconds }),
          ...(parallel !== undefined && { parallel }),
          ...(seed !== undefined && { seed }),
          ...(earlyStop && { early_stop: { type: 'asha' as const } }),
        } as SweepRequest;
        await runSweep(session, body);
      });
    });
}
