/** One MNIST digit, 784 numbers, in each form that is asked. */
import { Buffer } from 'node:buffer';
import { deflateSync } from 'node:zlib';
import { exampleDigit } from '../../dist/api/predictions/example-digit.js';

export const digit = Float32Array.from(exampleDigit);

export const requests = {
  JSON: { type: 'application/json', payload: JSON.stringify({ inputs: [exampleDigit] }) },
  binary: { type: 'application/octet-stream', payload: Buffer.from(digit.buffer) },
  image: { type: 'image/png', payload: encodePng(exampleDigit, 28) },
};

/** Grey, 8 bits. https://www.w3.org/TR/png-3/ */
function encodePng(pixels, side) {
  const rows = Array.from({ length: side }, (_, row) => [0, ...pixels.slice(row * side, (row + 1) * side)]);
  const header = Buffer.alloc(13);
  header.writeUInt32BE(side, 0);
  header.writeUInt32BE(side, 4);
  header[8] = 8;
  const signature = Buffer.from('89504e470d0a1a0a', 'hex');
  const data = deflateSync(Buffer.from(rows.flat()));
  return Buffer.concat([
    signature,
    chunk('IHDR', header),
    chunk('IDAT', data),
    chunk('IEND', Buffer.alloc(0)),
  ]);
}

function chunk(type, data) {
  const body = Buffer.concat([Buffer.from(type), data]);
  const [length, check] = [Buffer.alloc(4), Buffer.alloc(4)];
  length.writeUInt32BE(data.length);
  check.writeUInt32BE(crc32(body));
  return Buffer.concat([length, body, check]);
}

function crc32(bytes) {
  let crc = ~0;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
  }
  return ~crc >>> 0;
}
