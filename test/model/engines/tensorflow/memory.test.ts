import { expect, test } from 'vitest';
import { explainingNoRoom } from '../../../../src/model/engines/tensorflow/memory.js';

test('what TensorFlow has no memory for is refused with its reason', async () => {
  const full = new Error(
    'RESOURCE_EXHAUSTED: OOM when allocating tensor with shape[40000,30000]\n\t [[{{node MatMul}}]]',
  );
  await expect(explainingNoRoom(() => Promise.reject(full))).rejects.toMatchObject({
    code: 'NETWORK_TOO_LARGE',
    message: expect.stringContaining(
      'OOM when allocating tensor with shape[40000,30000]. Use fewer',
    ) as string,
    cause: full,
  });
});

test('any other failure is left as it is', async () => {
  const other = new Error('Invalid TF_Status: 3');
  await expect(explainingNoRoom(() => Promise.reject(other))).rejects.toBe(other);
  expect(await explainingNoRoom(() => Promise.resolve('done'))).toBe('done');
});
