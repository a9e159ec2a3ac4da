/** model.onnx in ONNX Runtime, where Python has it. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, test } from 'vitest';
import { isNumeric, levelReader, numberReader } from '../../../../src/lib/cells/cell-format.js';
import { encodeOnnx } from '../../../../src/model/exchange/onnx/onnx-model.js';
import { portableModel } from '../../../../src/model/exchange/portable-model.js';
import type { FittedColumn } from '../../../../src/model/preprocessing/table.js';
import { temporaryFolder } from '../../../storage/temporary-storage.js';
import { expectNear } from '../near.js';
import { pythonHas, startPythonPeer } from '../python-peer.js';
import { answersOf, numbersCase, tableCase, type Case, type NamedRow } from '../random-models.js';

describe.skipIf(!pythonHas('onnxruntime'))(
  'in ONNX Runtime (needs python3, or PEERS_PYTHON, with onnxruntime)',
  () => {
    const peer = startPythonPeer();
    afterAll(() => peer.stop());

    async function outputsOf({ model, rows }: Case): Promise<unknown> {
      const file = join(await temporaryFolder(), 'model.onnx');
      await writeFile(file, encodeOnnx(portableModel({ name: 'random', version: 1 }, model)));
      const columns = model.description.preprocessing?.columns;
      const inputs = columns
        ? Object.fromEntries(
            columns.map((column) => [
              column.name,
              (rows as NamedRow[]).map((row) => [cellOf(column, row[column.name])]),
            ]),
          )
        : { inputs: rows };
      return peer.ask('onnx', file, inputs);
    }

    test.each([
      ['numbers', numbersCase],
      ['the columns of a table', tableCase],
    ])('a network of %s answers as it does here', async (_of, arbitrary) => {
      await fc.assert(
        fc.asyncProperty(arbitrary, async (each) => {
          const answers = await answersOf(each.model, each.rows);
          const { head } = each.model.description;
          const expected =
            head.kind === 'values'
              ? { values: answers.map((answer) => Object.values(answer) as number[]) }
              : {
                  label: answers.map((answer) => (answer as { label: string }).label),
                  probabilities: answers.map(
                    (answer) => (answer as { probabilities: number[] }).probabilities,
                  ),
                };
          expectNear(await outputsOf(each), expected);
        }),
        { numRuns: 60 },
      );
    });
  },
);

/** As the graph takes it: numbers, with null, which is NaN in NumPy, for missing ones; texts without space around them. */
function cellOf({ format }: FittedColumn, cell: NamedRow[string] = null): number | string | null {
  if (!isNumeric(format)) return cell === null ? '' : (levelReader(format)(String(cell)) ?? '');
  if (cell === null || typeof cell === 'number') return cell;
  return typeof cell === 'boolean' ? Number(cell) : numberReader(format)(cell);
}
