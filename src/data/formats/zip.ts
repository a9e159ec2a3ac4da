/**
 * The files of a ZIP archive, by its central directory, which yauzl reads. Names, sizes and kinds of all entries are looked at
 * before the first is unpacked, and every file must be what the directory says: its size and its CRC.
 */
import { Readable } from 'node:stream';
import { crc32, inflateRawSync } from 'node:zlib';
import {
  fromRandomAccessReaderPromise,
  getFileNameLowLevel,
  RandomAccessReader,
  type Entry,
  type ZipFile,
} from 'yauzl';
import { isStorageFailure } from '../../storage/storage.js';
import {
  archiveLimits,
  EntryNames,
  quoted,
  tooManyEntries,
  type ArchiveEntry,
  type ArchiveLimits,
} from './archive.js';
import { refusal, shortened, type ByteSource } from './rows.js';

/** In the order of the directory. @throws TableRefusal */
export async function* readZip(
  source: ByteSource,
  limits: ArchiveLimits = archiveLimits,
): AsyncGenerator<ArchiveEntry> {
  const zip = await openZip(source);
  if (zip.entryCount > limits.entries) throw tooManyEntries(limits.entries);
  const names = new EntryNames(limits);
  const files: { path: string; entry: Entry }[] = [];
  let packedBytes = 0;
  for await (const entry of entriesOf(zip)) {
    const path = nameOf(entry);
    const kind = isLink(entry) ? 'link' : path.endsWith('/') ? 'folder' : 'file';
    names.check(path, kind, entry.uncompressedSize);
    if (kind === 'folder') continue;
    refuseEncrypted(path, entry);
    packedBytes += entry.compressedSize;
    files.push({ path, entry });
  }
  // Files that share their bytes are what a bomb is made of.
  if (packedBytes > source.sizeBytes) {
    const message = `The files of the ZIP have ${packedBytes} bytes by its directory, and the ZIP has only ${source.sizeBytes}. Make it anew.`;
    throw refusal('LYING_SIZES', message);
  }
  for (const [index, { path, entry }] of files.entries()) {
    yield {
      path,
      sizeBytes: entry.uncompressedSize,
      fraction: index / files.length,
      read: async () => {
        names.checkFile(path, Math.max(entry.uncompressedSize, entry.compressedSize));
        return unpacked(path, entry, await packed(zip, path, entry));
      },
    };
  }
}

async function openZip(source: ByteSource): Promise<ZipFile> {
  try {
    return await fromRandomAccessReaderPromise(new SourceReader(source), source.sizeBytes, {
      autoClose: false,
      lazyEntries: true,
      // Names are decoded and checked here.
      decodeStrings: false,
    });
  } catch (error) {
    throw zipRefusal(error);
  }
}

async function* entriesOf(zip: ZipFile): AsyncGenerator<Entry> {
  try {
    yield* zip.eachEntry();
  } catch (error) {
    throw zipRefusal(error);
  }
}

function nameOf({ generalPurposeBitFlag, fileNameRaw, extraFields }: Entry): string {
  return getFileNameLowLevel(generalPurposeBitFlag, fileNameRaw, extraFields, false).replace(
    /^(?:\.\/)+/,
    '',
  );
}

/** By the mode that Unix writes into the upper half of the attributes. */
function isLink({ externalFileAttributes }: Entry): boolean {
  return ((externalFileAttributes >>> 16) & 0o170000) === 0o120000;
}

function refuseEncrypted(path: string, entry: Entry): void {
  if (entry.isEncrypted()) {
    const message = `${quoted(path)} in the ZIP is encrypted. Make the ZIP anew without a password.`;
    throw refusal('ENCRYPTED', message, { value: shortened(path) });
  }
  if (entry.compressionMethod === 0 || entry.compressionMethod === 8) return;
  const message =
    `${quoted(path)} in the ZIP is compressed by the method ${entry.compressionMethod}, which is not read. ` +
    'Make the ZIP anew with the usual compression (Deflate), or without.';
  throw refusal('UNKNOWN_COMPRESSION', message, { value: shortened(path) });
}

async function packed(zip: ZipFile, path: string, entry: Entry): Promise<Buffer> {
  try {
    const pieces: Buffer[] = [];
    for await (const piece of await zip.openReadStreamPromise(entry, { decodeFileData: false })) {
      pieces.push(piece as Buffer);
    }
    return Buffer.concat(pieces);
  } catch (error) {
    throw isOurs(error) ? error : damaged(path, error);
  }
}

function unpacked(
  path: string,
  { compressionMethod, uncompressedSize, crc32: sum }: Entry,
  bytes: Buffer,
): Buffer {
  let content = bytes;
  if (compressionMethod === 8) {
    try {
      // The limit must be above 0.
      content = inflateRawSync(bytes, { maxOutputLength: uncompressedSize + 1 });
    } catch (error) {
      if (error instanceof RangeError) throw lying(path, uncompressedSize);
      throw damaged(path, error);
    }
  }
  if (content.length !== uncompressedSize) throw lying(path, uncompressedSize);
  if (crc32(content) !== sum) throw damaged(path, new Error('its checksum differs'));
  return content;
}

function lying(path: string, sizeBytes: number) {
  const message = `${quoted(path)} in the ZIP does not have the ${sizeBytes} bytes that its directory says. Make the ZIP anew.`;
  return refusal('LYING_SIZES', message, { value: shortened(path) });
}

function damaged(path: string, error: unknown) {
  const message = `${quoted(path)} in the ZIP is damaged: ${reasonOf(error)}. Make the ZIP anew, and check it with unzip -t.`;
  return refusal('DAMAGED_FILE', message, { value: shortened(path) });
}

/** Failures of the storage say nothing about the file. */
function isOurs(error: unknown): boolean {
  return isStorageFailure(error) || (error instanceof Error && error.name === 'TrainyardError');
}

function zipRefusal(error: unknown): unknown {
  if (isOurs(error)) return error;
  const reason = reasonOf(error);
  if (/truncated|unexpected EOF/i.test(reason)) {
    return refusal(
      'TRUNCATED_ARCHIVE',
      'The ZIP is cut short: its directory at the end is missing. Upload the whole file again.',
    );
  }
  if (/encryption/i.test(reason)) {
    return refusal('ENCRYPTED', 'The ZIP is encrypted. Make it anew without a password.');
  }
  return refusal(
    'DAMAGED_FILE',
    `The ZIP cannot be read: ${reason}. Make it anew, and check it with unzip -t.`,
  );
}

function reasonOf(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).replace(/\.$/, '');
}

const windowBytes = 2 ** 20;

/** Reads the source for yauzl, which asks for a few bytes at a time, by windows that are kept while they are asked for. */
class SourceReader extends RandomAccessReader {
  readonly #source: ByteSource;
  #window: { index: number; bytes: Promise<Uint8Array> } | null = null;

  constructor(source: ByteSource) {
    super();
    this.#source = source;
  }

  override _readStreamForRange(start: number, end: number): Readable {
    return Readable.from(this.#pieces(start, end), { objectMode: false });
  }

  override read(
    buffer: Buffer,
    offset: number,
    length: number,
    position: number,
    callback: (error: Error | null) => void,
  ): void {
    this.#readInto(buffer.subarray(offset, offset + length), position).then(() => callback(null), callback);
  }

  override close(callback: (error: Error | null) => void): void {
    callback(null);
  }

  async #readInto(to: Buffer, position: number): Promise<void> {
    let filled = 0;
    for await (const piece of this.#pieces(position, position + to.length)) {
      to.set(piece, filled);
      filled += piece.length;
    }
    if (filled < to.length) throw new Error('unexpected EOF');
  }

  async *#pieces(start: number, end: number): AsyncGenerator<Buffer> {
    const last = Math.min(end, this.#source.sizeBytes);
    for (let at = start; at < last;) {
      const index = Math.floor(at / windowBytes);
      const bytes = await this.#windowAt(index);
      const piece = bytes.subarray(
        at - index * windowBytes,
        Math.min(last - index * windowBytes, bytes.length),
      );
      if (piece.length === 0) throw new Error('unexpected EOF');
      yield Buffer.from(piece.buffer, piece.byteOffset, piece.length);
      at += piece.length;
    }
  }

  #windowAt(index: number): Promise<Uint8Array> {
    if (this.#window?.index !== index) {
      const end = Math.min((index + 1) * windowBytes, this.#source.sizeBytes);
      this.#window = { index, bytes: this.#source.slice(index * windowBytes, end) };
    }
    return this.#window.bytes;
  }
}
