/** model.pth and model.py in PyTorch, where Python has it. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, test } from 'vitest';
import { stateDictOf, portableModel } from '../../../../src/model/exchange/portable-model.js';
import { pythonSource } from '../../../../src/model/exchange/pytorch/python-source.js';
import { encodeStateDict } from '../../../../src/model/exchange/pytorch/write-state-dict.js';
import { temporaryFolder } from '../../../storage/temporary-storage.js';
import { expectNear } from '../near.js';
import { pythonHas, startPythonPeer } from '../python-peer.js';
import { answersOf, numbersCase, tableCase, type Case } from '../random-models.js';

describe.skipIf(!pythonHas('torch'))('in PyTorch (needs python3, or PEERS_PYTHON, with torch)', () => {
  const peer = startPythonPeer();
  afterAll(() => peer.stop());

  async function answersOfPython({ model, rows }: Case): Promise<unknown> {
    const folder = await temporaryFolder();
    const portable = portableModel({ name: 'random', version: 1 }, model);
    await writeFile(join(folder, 'model.pth'), encodeStateDict(stateDictOf(portable)));
    await writeFile(join(folder, 'model.py'), pythonSource(portable));
    return peer.ask('pytorch', folder, rows);
  }

  test.each([
    ['numbers', numbersCase],
    ['the columns of a table', tableCase],
  ])('a network of %s answers as it does here', async (_of, arbitrary) => {
    await fc.assert(
      fc.asyncProperty(arbitrary, async (each) => {
        expectNear(await answersOfPython(each), await answersOf(each.model, each.rows));
      }),
      { numRuns: 60 },
    );
  });
});
