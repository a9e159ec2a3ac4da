import { describe, expect, test } from 'vitest';
import { fillDropoutFactors } from '../../../../src/model/network/dropout.js';
import { workbench } from './workbench.js';

describe('the kernel of dropout', () => {
  test.each([1, 3, 8, 9, 257])('has the factors that every engine has, of %i units', async (units) => {
    const [rows, rowsStride, panels] = [13, 16, Math.ceil(units / 8)];
    const at = { seed: 2 ** 40 + 5, layer: 2, step: 7, rate: 0.3 };
    const {
      kernels,
      floats,
      at: factors,
    } = await workbench((layout) => layout.floats(8 * panels * rowsStride));
    kernels.dropoutFactors({
      ...at,
      units,
      quads: Math.ceil(rows / 4),
      panels: [0, panels],
      factors,
      rowsStride,
    });
    const all = floats(factors, 8 * panels * rowsStride);
    for (let row = 0; row < rows; row++) {
      const expected = new Float32Array(units);
      fillDropoutFactors({ ...at, row }, expected);
      const actual = expected.map((_, unit) => all[((unit >> 3) * rowsStride + row) * 8 + (unit & 7)]);
      expect(actual).toEqual(expected);
    }
  });
});
