/** What the first bytes of a file say of how it must be read. */
import { constants, gunzipSync } from 'node:zlib';

const parquetMark = 'PAR1';
const gzipMark = [0x1f, 0x8b];
/** Enough to inflate the first block of a gzip file. */
export const beginningBytes = 2 ** 12;

/** Whether the file is Parquet, gzipped or not: its index lies at its end, so that it is read once it is there as a whole. */
export function beginsAsParquet(beginning: Uint8Array): boolean {
  const bytes = gzipMark.every((byte, at) => beginning[at] === byte)
    ? inflatedBeginning(beginning)
    : beginning;
  return Buffer.from(bytes.subarray(0, parquetMark.length)).toString('latin1') === parquetMark;
}

function inflatedBeginning(beginning: Uint8Array): Uint8Array {
  try {
    return gunzipSync(beginning, { finishFlush: constants.Z_SYNC_FLUSH, maxOutputLength: 2 ** 24 });
  } catch {
    // The reader says what is wrong with it.
    return new Uint8Array();
  }
}
