/** Opens a file as a table: what it is shows in its bytes, not in its name. */
import { bytesInMemory, bytesOfFile } from './byte-source.js';
import { openCsv } from './csv.js';
import { decodeText } from './decode-text.js';
import { fileKind } from './file-kind.js';
import { gunzip, isGzip } from './gunzip.js';
import { JsonReader } from './json.js';
import { openParquet } from './parquet.js';
import {
  formatLimits,
  refusal,
  type ByteSource,
  type FormatLimits,
  type FormatOptions,
  type RowOptions,
  type RowReader,
} from './rows.js';

export { bytesInMemory, bytesOfFile };

/** Bytes by which a file shows what it is. */
const headBytes = 64 * 1024;

/** @throws TableRefusal when the file is no table; what is wrong in later rows shows while they are read */
export async function openReader(
  source: ByteSource,
  options: RowOptions = {},
  limits: FormatLimits = formatLimits,
): Promise<RowReader> {
  if (source.sizeBytes === 0) throw emptyFile();
  const opened = await inflated(source, limits);
  const reader = await openFormat(formatOf(opened.head, options), opened, options, limits);
  reader.dialect.compression = opened.compression;
  return reader;
}

/** The first bytes, once gzip is off. @throws TableRefusal */
export async function unpackedHead(source: ByteSource): Promise<Uint8Array> {
  return source.sizeBytes === 0 ? new Uint8Array() : (await inflated(source, formatLimits)).head;
}

/** A file without its compression. */
interface Opened {
  source: ByteSource;
  compression: 'gzip' | null;
  /** The first bytes. */
  head: Uint8Array;
  stream: () => AsyncIterable<Uint8Array>;
}

async function inflated(source: ByteSource, limits: FormatLimits): Promise<Opened> {
  const head = await source.slice(0, Math.min(headBytes, source.sizeBytes));
  if (!isGzip(head)) return { source, compression: null, head, stream: () => source.stream() };
  const stream = () => gunzip(source.stream(), limits.inflatedBytes);
  const inflatedHead = await firstBytes(stream());
  if (inflatedHead.length === 0) throw emptyFile();
  return { source, compression: 'gzip', head: inflatedHead, stream };
}

/** @throws TableRefusal NOT_A_TABLE */
function formatOf(head: Uint8Array, { format: wanted }: FormatOptions): 'csv' | 'jsonl' | 'json' | 'parquet' {
  const kind = fileKind(head);
  if ('notTable' in kind) throw refusal('NOT_A_TABLE', kind.notTable);
  if (wanted === undefined || wanted === kind.format) return kind.format;
  if (wanted === 'jsonl' && kind.format === 'json') return 'json';
  if (wanted === 'parquet')
    throw refusal('NOT_A_TABLE', 'The file is not Parquet: it does not begin with PAR1.');
  if (kind.format === 'parquet')
    throw refusal('NOT_A_TABLE', `The file is Parquet, not ${wanted}. Leave the format out.`);
  return wanted;
}

async function openFormat(
  format: 'csv' | 'jsonl' | 'json' | 'parquet',
  { source, compression, head, stream }: Opened,
  options: RowOptions,
  limits: FormatLimits,
): Promise<RowReader> {
  const openText = () => decodeText(stream(), head, options.encoding);
  switch (format) {
    case 'csv':
      return openCsv(openText, options, limits);
    case 'jsonl':
      return new JsonReader(openText, 'lines', options, limits);
    case 'json':
      return new JsonReader(openText, 'array', options, limits);
    case 'parquet':
      return openParquet(compression === null ? source : await inMemory(stream(), limits), limits);
  }
}

function emptyFile() {
  return refusal('EMPTY_FILE', 'The file is empty. Upload a table with a header and rows.');
}

/** Parquet is read from its end, and is compressed inside: there is little reason to compress it again. */
async function inMemory(stream: AsyncIterable<Uint8Array>, limits: FormatLimits): Promise<ByteSource> {
  const pieces: Uint8Array[] = [];
  let total = 0;
  for await (const piece of stream) {
    pieces.push(piece);
    total += piece.length;
    if (total > limits.groupBytes) {
      throw refusal(
        'TOO_LARGE',
        'The Parquet file is compressed with gzip, and is too large for that. Upload it as it is.',
      );
    }
  }
  return bytesInMemory(Buffer.concat(pieces));
}

async function firstBytes(stream: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const pieces: Uint8Array[] = [];
  let total = 0;
  for await (const piece of stream) {
    pieces.push(piece);
    total += piece.length;
    if (total >= headBytes) break;
  }
  return Buffer.concat(pieces);
}
