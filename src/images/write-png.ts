/** Writes a picture as a PNG file (https://www.w3.org/TR/png-3/, sections 5 and 11): 8 bits a channel, without filters. */
import { crc32, deflateSync } from 'node:zlib';
import type { Picture } from './picture.js';

const signature = Buffer.from('89504e470d0a1a0a', 'hex');

const colourTypes = { 1: 0, 3: 2 } as const;

export function writePng({ width, height, channels, pixels }: Picture): Buffer {
  const rows = Buffer.alloc(height * (1 + width * channels));
  for (let y = 0, to = 0; y < height; y++) {
    // The filter of the row: none.
    to++;
    for (let x = 0; x < width; x++) {
      for (let channel = 0; channel < channels; channel++) {
        rows[to++] = pixels[(channel * height + y) * width + x];
      }
    }
  }
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header[8] = 8;
  header[9] = colourTypes[channels];
  return Buffer.concat([
    signature,
    chunk('IHDR', header),
    chunk('IDAT', deflateSync(rows)),
    chunk('IEND', Buffer.alloc(0)),
  ]);
}

function chunk(type: string, content: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), content]);
  const [length, sum] = [Buffer.alloc(4), Buffer.alloc(4)];
  length.writeUInt32BE(content.length);
  sum.writeUInt32BE(crc32(body));
  return Buffer.concat([length, body, sum]);
}
