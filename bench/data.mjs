/**
 * How long it takes to take in a table: to parse, infer, profile and store a CSV file, and, if asked, how long pandas' C
 * reader takes to parse it. The contenders take turns, each in a process of its own, so that what else the machine does
 * strikes both and the peak of memory is their own. Prints Markdown.
 *
 *   npm run bench:data -- [--megabytes 100] [--rounds 3] [--peer pandas --python PATH] [--file FILE]
 *
 * The file is generated, the same at each run, unless one is given.
 */
import { Buffer } from 'node:buffer';
import { spawn } from 'node:child_process';
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { writeTable } from './data/generate.mjs';

const { values: options } = parseArgs({
  options: {
    megabytes: { type: 'string', default: '100' },
    rounds: { type: 'string', default: '3' },
    peer: { type: 'string' },
    python: { type: 'string', default: 'python3' },
    file: { type: 'string' },
  },
});
if (options.peer !== undefined && options.peer !== 'pandas') throw new Error('The only peer is pandas.');

const folder = await mkdtemp(join(tmpdir(), 'trainyard-bench-'));
try {
  await benchmark();
} finally {
  await rm(folder, { recursive: true });
}

async function benchmark() {
  const file = options.file ?? join(folder, 'table.csv');
  if (options.file === undefined) await writeTable(file, Number(options.megabytes) * 1e6);
  const { size } = await stat(file);
  console.log(`${cpus()[0].model}, ${cpus().length} processors, Node ${process.version}\n`);

  const contenders = { trainyard: () => measure(process.execPath, [here('data/take-in.mjs'), file, folder]) };
  if (options.peer === 'pandas')
    contenders.pandas = () => measure(options.python, [here('data/read_csv.py'), file]);
  const results = {};
  for (let round = 0; round < Number(options.rounds); round++) {
    for (const [name, run] of Object.entries(contenders)) (results[name] ??= []).push(await run());
  }

  const medians = {};
  console.log(
    `| ${(size / 1e6).toFixed(0)} MB of CSV | rows | seconds (median) | all rounds | MB/s | peak resident |`,
  );
  console.log('| --- | --- | --- | --- | --- | --- |');
  for (const [name, rounds] of Object.entries(results)) {
    const seconds = rounds.map((each) => each.seconds).sort((a, b) => a - b);
    medians[name] = seconds[seconds.length >> 1];
    const peak = Math.max(...rounds.map((each) => each.peakMegabytes));
    const all = seconds.map((each) => each.toFixed(2)).join(', ');
    const speed = (size / 1e6 / medians[name]).toFixed(0);
    console.log(
      `| ${name} | ${rounds[0].rows} | ${medians[name].toFixed(2)} | ${all} | ${speed} | ${peak.toFixed(0)} MB |`,
    );
  }
  if (medians.pandas !== undefined)
    console.log(`\nRatio: ${(medians.trainyard / medians.pandas).toFixed(2)}`);
}

/** The last line that the process prints is its result, as JSON. */
async function measure(command, args) {
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  const chunks = await child.stdout.toArray();
  const lines = Buffer.concat(chunks).toString().trim().split('\n');
  return JSON.parse(lines.at(-1));
}

function here(path) {
  return fileURLToPath(new URL(path, import.meta.url));
}
