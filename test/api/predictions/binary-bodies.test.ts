import fc from 'fast-check';
import { expect, test } from 'vitest';
import { TrainyardError } from '../../../src/errors.js';
import { readForm, type Form } from '../../../src/api/predictions/binary-bodies.js';

const type = 'multipart/form-data; boundary=line';
const image = Buffer.from([0, 13, 10, 45, 45, 108, 255]);

const form = Buffer.concat([
  Buffer.from('--line\r\ncontent-disposition: form-data; name="image"; filename="a.png"\r\n'),
  Buffer.from('content-type: image/png\r\n\r\n'),
  image,
  Buffer.from('\r\n--line\r\ncontent-disposition: form-data; name="top_k"\r\n\r\n3\r\n--line--\r\n'),
]);

async function outcomeOf(bytes: Buffer): Promise<Form | TrainyardError> {
  try {
    return await readForm(bytes, type);
  } catch (error) {
    if (error instanceof TrainyardError) return error;
    throw error;
  }
}

test('a form is images and texts', async () => {
  expect(await readForm(form, type)).toEqual({ images: [image], texts: new Map([['top_k', '3']]) });
});

test('an image of many megabytes comes whole', async () => {
  const large = Buffer.alloc(5 * 2 ** 20 + 7, '\r\n--lin');
  const [head, rest] = [
    form.subarray(0, form.indexOf(image)),
    form.subarray(form.indexOf(image) + image.length),
  ];
  const { images } = await readForm(Buffer.concat([head, large, rest]), type);
  expect(images).toHaveLength(1);
  expect(images[0]?.equals(large)).toBe(true);
});

test('a form that is cut off before its end is refused, wherever that is', async () => {
  const end = form.lastIndexOf('--');
  for (let length = 0; length < end; length++) {
    expect(await outcomeOf(form.subarray(0, length)), `${length} bytes`).toMatchObject({
      code: 'INVALID_REQUEST',
    });
  }
});

test('whatever is changed, it is a form or refused', async () => {
  await fc.assert(
    fc.asyncProperty(fc.nat(form.length - 1), fc.nat(255), fc.nat(40), async (at, byte, removed) => {
      const changed = Buffer.concat([form.subarray(0, at), Buffer.from([byte]), form.subarray(at + removed)]);
      const outcome = await outcomeOf(changed);
      if (outcome instanceof TrainyardError) expect(outcome.code).toBe('INVALID_REQUEST');
      else expect(outcome.images.every((each) => Buffer.isBuffer(each))).toBe(true);
    }),
    { numRuns: 2000, seed: 1 },
  );
});
