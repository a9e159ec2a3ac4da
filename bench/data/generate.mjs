/** Writes a CSV table as a business has it: ids, dates, categories, counts, money and measurements. The same every time. */
import { Buffer } from 'node:buffer';
import { createWriteStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';

const cities = [
  'Oslo',
  'Lima',
  'Pune',
  'Quito',
  'Turin',
  'Osaka',
  'Perth',
  'Lagos',
  'Malmö',
  'Graz',
  'Cork',
  'Bern',
];
const plans = ['basic', 'plus', 'family', 'business'];
const header = 'customer,signed_up,last_seen,city,plan,active,visits,age,spend,balance,score,ratio,churned\n';

export async function writeTable(file, bytes) {
  await pipeline(blocks(bytes), createWriteStream(file));
}

function* blocks(bytes) {
  const random = generator(1);
  let written = header.length;
  let row = 0;
  yield header;
  while (written < bytes) {
    let block = '';
    for (let i = 0; i < 1_000; i++) block += line(row++, random);
    written += Buffer.byteLength(block);
    yield block;
  }
}

function line(row, random) {
  const day = new Date(Date.UTC(2015, 0, 1) + Math.floor(random() * 3_650) * 86_400_000).toISOString();
  const seen = new Date(Date.UTC(2024, 0, 1) + Math.floor(random() * 31_536_000) * 1_000).toISOString();
  const cells = [
    `C${String(row).padStart(8, '0')}`,
    day.slice(0, 10),
    seen.slice(0, 19),
    cities[Math.floor(random() ** 2 * cities.length)],
    plans[Math.floor(random() * plans.length)],
    random() < 0.7 ? 'yes' : 'no',
    Math.floor(random() * 500),
    random() < 0.05 ? '' : 18 + Math.floor(random() * 70),
    (random() * 5_000).toFixed(2),
    ((random() - 0.3) * 20_000).toFixed(2),
    (random() * 10).toFixed(6),
    random(),
    random() < 0.2 ? 1 : 0,
  ];
  return `${cells.join(',')}\n`;
}

/** Mulberry32. */
function generator(seed) {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let word = Math.imul(state ^ (state >>> 15), 1 | state);
    word = (word + Math.imul(word ^ (word >>> 7), 61 | word)) ^ word;
    return ((word ^ (word >>> 14)) >>> 0) / 4_294_967_296;
  };
}
