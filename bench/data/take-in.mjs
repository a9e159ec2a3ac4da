/** Takes in one file as the service does: node take-in.mjs FILE FOLDER. Prints seconds, rows and the peak of memory. */
import { mkdtemp } from 'node:fs/promises';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { bytesOfFile, openReader } from '../../dist/data/formats/open-reader.js';
import { takeInTable } from '../../dist/data/tables/take-in-table.js';
import { createFileStorage } from '../../dist/storage/file-storage.js';

const [file, folder] = process.argv.slice(2);
const storage = await createFileStorage(await mkdtemp(join(folder, 'store-')));
const start = performance.now();
const reader = await openReader(await bytesOfFile(file));
const { rows } = await takeInTable(reader, { storage, prefix: 'table' });
const seconds = (performance.now() - start) / 1000;
console.log(JSON.stringify({ seconds, rows, peakMegabytes: process.resourceUsage().maxRSS / 1024 }));
