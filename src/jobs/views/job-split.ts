/** Which split of a job each row of its dataset is in, as CSV: the same text however often it is asked for. */
import type { ArraysInfo } from '../../data/dataset.js';
import { rowSplits, splitRows } from '../../data/splits.js';
import { TrainyardError } from '../../errors.js';
import type { RunSpec } from '../runs/run-spec.js';
import type { RunReader } from '../runs/run-reader.js';
import { divideTable, readDecidingColumns, tableRunOf, type JobDatasets } from '../runs/table-rows.js';
import { jobNotFound } from './run-to-job.js';

export interface JobSplits {
  /**
   * Lines of `row,split`, many in each text. Rows are counted from 0 as in the file; those of arrays are first the training
   * rows and then the test rows.
   * @throws TrainyardError JOB_NOT_FOUND, RUN_CORRUPT, DATASET_NOT_FOUND, DATASET_CHANGED, DATASET_CORRUPT
   */
  open(jobId: string): Promise<Iterable<string>>;
}

const rowsInText = 4_096;

export function createJobSplits(options: {
  runs: Pick<RunReader, 'read'>;
  datasets: JobDatasets;
}): JobSplits {
  const { runs, datasets } = options;
  return {
    async open(jobId) {
      const { spec } = (await runs.read(jobId)) ?? jobNotFound(jobId);
      return linesOf(await codesOf(spec, datasets));
    },
  };
}

/** (rows) Indices in `rowSplits`. */
async function codesOf(spec: RunSpec, datasets: JobDatasets): Promise<Uint8Array> {
  const { name, version, sha256 } = spec.dataset;
  const info = await datasets.info(name, version ?? undefined);
  if (sha256 !== null && sha256 !== info.sha256) {
    const message = `The dataset ${name} holds other data than when the job was submitted.`;
    throw new TrainyardError('DATASET_CHANGED', message);
  }
  if (info.kind === 'arrays') return codesOfArrays(spec, info);
  const table = tableRunOf(spec);
  if (table === null) throw new Error(`The spec of a job on the table ${name} says nothing of its columns`);
  const content = await datasets.openTable(info.name, info.version);
  return divideTable(table, await readDecidingColumns(content, table)).splits;
}

function codesOfArrays({ seed, split }: RunSpec, { trainCount, testCount }: ArraysInfo): Uint8Array {
  const codes = new Uint8Array(trainCount + testCount).fill(rowSplits.indexOf('test'), trainCount);
  const { validation } = splitRows(trainCount, { seed, fraction: split.validation });
  for (const row of validation) codes[row] = rowSplits.indexOf('validation');
  return codes;
}

function* linesOf(codes: Uint8Array): Generator<string> {
  yield 'row,split\n';
  for (let first = 0; first < codes.length; first += rowsInText) {
    const some = Array.from(codes.subarray(first, first + rowsInText));
    yield some.map((code, i) => `${first + i},${rowSplits[code] ?? ''}\n`).join('');
  }
}
