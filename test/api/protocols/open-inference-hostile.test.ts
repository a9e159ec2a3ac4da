/** Binary requests that lie: whatever they say, they are refused in the protocol's words, and cost no more than they send. */
import fc from 'fast-check';
import { beforeAll, expect, test } from 'vitest';
import { priceModelFile } from '../../model/small-table.js';
import { openService, type TestService } from '../service.js';
import { framed } from './exchange.js';

let service: TestService;
beforeAll(async () => {
  service = await openService();
  const file = priceModelFile();
  const houses = { model: 'houses', runId: 'job_2', step: 1, file, metrics: null, now: new Date(0) };
  await service.registry.publish(houses);
  await service.publishDigits();
  return service.stop;
});

interface Sent {
  body: Uint8Array;
  headers: Record<string, string>;
}

interface Request {
  inputs: { name: string; shape: unknown; datatype: string; parameters: object }[];
  [member: string]: unknown;
}

const honest: Request = {
  inputs: [{ name: 'input', shape: [1, 784], datatype: 'FP32', parameters: { binary_data_size: 3136 } }],
};
const [input] = honest.inputs;
const pixels = new Float32Array(784);
const lengthHeader = 'inference-header-content-length';

function sent(json: object | string, bytes: ArrayBufferView = pixels): Sent {
  const [body, headers] = framed(json, bytes);
  return { body, headers };
}

async function answerTo(
  { body, headers }: Sent,
  model = 'mnist-mlp',
): Promise<{ status: number; body: string }> {
  const answer = await service.app.inject({
    method: 'POST',
    url: `/v2/models/${model}/infer`,
    headers,
    payload: Buffer.from(body),
  });
  return { status: answer.statusCode, body: answer.body };
}

/** One thing in it is not so. */
const lies: fc.Arbitrary<Sent> = fc.oneof(
  fc
    .oneof(fc.integer(), fc.maxSafeNat(), fc.double(), fc.stringMatching(/^[ -~]*$/))
    .filter((length) => Number(length) !== JSON.stringify(honest).length)
    .map((length) => ({ ...sent(honest), headers: { [lengthHeader]: String(length) } })),
  fc
    .oneof(fc.integer(), fc.maxSafeNat(), fc.double(), fc.jsonValue())
    .filter((size) => size !== 3136)
    .map((size) => sent({ inputs: [{ ...input, parameters: { binary_data_size: size } }] })),
  fc
    .uint8Array({ maxLength: 20_000 })
    .filter((bytes) => bytes.length !== 3136)
    .map((bytes) => sent(honest, bytes)),
  fc
    .oneof(fc.array(fc.oneof(fc.maxSafeInteger(), fc.constant(784))), fc.jsonValue())
    .filter((shape) => JSON.stringify(shape) !== '[1,784]')
    .map((shape) => sent({ inputs: [{ ...input, shape }] })),
  fc
    .string()
    // The others have the same size: the bytes are as good.
    .filter((datatype) => !['FP32', 'INT32', 'UINT32'].includes(datatype))
    .map((datatype) => sent({ inputs: [{ ...input, datatype }] })),
  fc
    .integer({ min: 0, max: 783 })
    .chain((at) =>
      fc.constantFrom(NaN, Infinity, -Infinity).map((value) => sent(honest, pixels.with(at, value))),
    ),
  // null is as if left out.
  fc
    .jsonValue()
    .filter((data) => data !== null)
    .map((data) => sent({ inputs: [{ ...input, data }] })),
  fc.jsonValue().map((inputs) => sent({ inputs })),
  fc.nat({ max: 20 }).map((more) => sent({ inputs: new Array(2 + more).fill(input) })),
  fc
    .array(fc.constantFrom('class', 'probabilities', 'input'), { minLength: 3 })
    .map((names) => sent({ ...honest, outputs: names.map((name) => ({ name })) })),
  fc
    .tuple(fc.uint8Array({ maxLength: 5_000 }), fc.nat({ max: 6_000 }))
    .filter(([body, length]) => length > 0 || body.length % 3136 !== 0)
    .map(([body, length]) => ({ body, headers: { [lengthHeader]: String(length) } })),
  fc.integer({ min: 1, max: JSON.stringify(honest).length - 1 }).map((length) => {
    const { body, headers } = sent(honest);
    return { body: body.subarray(0, length), headers };
  }),
);

test('a request that lies is refused with 400 and the error body, whatever the lie', async () => {
  expect(await answerTo(sent(honest))).toMatchObject({ status: 200 });
  await fc.assert(
    fc.asyncProperty(lies, async (lie) => {
      const { status, body } = await answerTo(lie);
      expect(status).toBe(400);
      expect(JSON.parse(body)).toEqual({ error: expect.any(String) as string });
      // No answer is made long by what the client made long.
      expect(body.length).toBeLessThan(1_000);
    }),
    { numRuns: 3_000 },
  );
});

const honestColumns = [
  { name: 'area', shape: [2, 1], datatype: 'FP64', bytes: new Uint8Array(16), more: 0 },
  { name: 'city', shape: [2], datatype: 'BYTES', bytes: Uint8Array.of(1, 0, 0, 0, 65, 0, 0, 0, 0), more: 0 },
  { name: 'garden', shape: [2, 1], datatype: 'BOOL', bytes: new Uint8Array(2), more: 0 },
];

/** What may be otherwise in a column; `more` is how many bytes it states beyond those that it has. */
const otherwise = fc.record(
  {
    name: fc.constantFrom('area', 'city', 'price', 'colour', '__proto__'),
    shape: fc.array(fc.nat({ max: 3 }), { maxLength: 3 }),
    datatype: fc.constantFrom('BYTES', 'FP64', 'FP32', 'BOOL', 'INT64', 'UINT8'),
    bytes: fc.uint8Array({ maxLength: 20 }),
    more: fc.constantFrom(1, -1, 2 ** 40),
  },
  { requiredKeys: [] },
);

/** Columns of which some are as they should be. */
const columns: fc.Arbitrary<Sent> = fc
  .tuple(otherwise, fc.nat({ max: 3 }))
  .map(([other, at]) => honestColumns.map((each, i) => (i === at ? { ...each, ...other } : each)))
  .chain((tensors) => fc.shuffledSubarray(tensors, { minLength: 2 }))
  .map((tensors) => {
    const inputs = tensors.map(({ bytes, more, ...tensor }) => ({
      ...tensor,
      parameters: { binary_data_size: Math.max(0, bytes.length + more) },
    }));
    return sent({ inputs }, Buffer.concat(tensors.map(({ bytes }) => bytes)));
  });

test('columns of which one lies are answered or refused in the same way', async () => {
  const statuses = new Set<number>();
  await fc.assert(
    fc.asyncProperty(columns, async (request) => {
      const { status, body } = await answerTo(request, 'houses');
      statuses.add(status);
      expect([200, 400]).toContain(status);
      if (status === 400) expect(JSON.parse(body)).toEqual({ error: expect.any(String) as string });
      expect(body.length).toBeLessThan(2_000);
    }),
    { numRuns: 2_000 },
  );
  expect(statuses).toEqual(new Set([200, 400]));
});

test('what it says of sizes has nothing set aside', async () => {
  const before = process.memoryUsage().arrayBuffers;
  let most = 0;
  for (let i = 0; i < 500; i++) {
    const size = 4 * 784 * 1024 + i * 2 ** 40;
    const lie = { ...input, shape: [1024, 784], parameters: { binary_data_size: size } };
    expect(await answerTo(sent({ inputs: [lie] }))).toMatchObject({ status: 400 });
    most = Math.max(most, process.memoryUsage().arrayBuffers - before);
  }
  // One such tensor for each request would be 1.5 GiB together.
  expect(most).toBeLessThan(256 * 2 ** 20);
});

test('the service answers as before', async () => {
  expect(await answerTo(sent(honest))).toMatchObject({ status: 200 });
  expect(service.logLines.filter(({ level }) => level > 30)).toEqual([]);
});
