/**
 * What it costs when much is stored. Each section is a file in growth/: it fills a store in a temporary folder, starts the
 * built service on it and prints a table.
 *
 *   npm run bench:growth -- [runs] [models] [--runs 20000] [--waiting 1000] [--dist PATH]
 *
 * Without a name all sections run. `--dist` takes another build, to compare with.
 */
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { availableParallelism, cpus, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { builtHere } from './service-process.mjs';

const folder = new URL('growth/', import.meta.url);
/** By name. A section exports its `options`, as parseArgs takes them, and `measure`. */
const sections = new Map();
for (const file of (await readdir(folder)).sort()) {
  sections.set(file.replace('.mjs', ''), await import(new URL(file, folder)));
}

const { values: options, positionals: asked } = parseArgs({
  allowPositionals: true,
  options: Object.assign(
    { dist: { type: 'string', default: builtHere } },
    ...[...sections.values()].map((section) => section.options),
  ),
});
const names = asked.length > 0 ? asked : [...sections.keys()];
const unknown = names.find((name) => !sections.has(name));
if (unknown !== undefined) {
  console.error(`There is no section ${unknown}; there are: ${[...sections.keys()].join(', ')}.`);
  process.exit(1);
}

console.log(
  `${cpus()[0].model}, ${availableParallelism()} cores, Node ${process.version}; ` +
    `npm run bench:growth -- ${process.argv.slice(2).join(' ')}`,
);
for (const name of names) {
  const dataDir = await mkdtemp(join(tmpdir(), 'trainyard-growth-'));
  try {
    console.log(`\n${name}`);
    await sections.get(name).measure({ ...options, dist: resolve(options.dist) }, dataDir);
  } finally {
    await rm(dataDir, { recursive: true });
  }
}
