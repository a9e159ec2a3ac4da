/** Writes ZIP archives whose entries are stored as they are: APPNOTE.TXT, sections 4.3 and 4.4. The same entries give the same bytes. */
import { crc32 } from 'node:zlib';

export interface ZipEntry {
  /** A path of ASCII characters, with slashes. */
  name: string;
  content: Buffer;
}

const localHeaderBytes = 30;
const centralHeaderBytes = 46;
const endBytes = 22;
/** Of an extra field: its id and its length. */
const extraHeaderBytes = 4;

/** 1 January 1980, the earliest date there is: a date would make two exports differ. */
const earliestDate = 0x21;
/** 2.0, the version that every reader knows. */
const versionNeeded = 20;

/** `alignment`: contents begin at a multiple of so many bytes, as readers want that map them into memory. */
export function writeZip(entries: readonly ZipEntry[], alignment = 1): Buffer {
  const parts: Buffer[] = [];
  const directory: Buffer[] = [];
  let offset = 0;
  for (const { name, content } of entries) {
    const checksum = crc32(content);
    const extra = padding(offset + localHeaderBytes + name.length, alignment);
    directory.push(centralHeader(name, content.length, checksum, offset));
    for (const part of [localHeader(name, content.length, checksum, extra.length), extra, content]) {
      parts.push(part);
      offset += part.length;
    }
  }
  const directoryBytes = directory.reduce((sum, { length }) => sum + length, 0);
  return Buffer.concat([...parts, ...directory, endOf(entries.length, directoryBytes, offset)]);
}

function localHeader(name: string, size: number, checksum: number, extraBytes: number): Buffer {
  const header = Buffer.alloc(localHeaderBytes + name.length);
  header.writeUInt32LE(0x04034b50, 0);
  header.writeUInt16LE(versionNeeded, 4);
  header.writeUInt16LE(earliestDate, 12);
  header.writeUInt32LE(checksum, 14);
  header.writeUInt32LE(size, 18);
  header.writeUInt32LE(size, 22);
  header.writeUInt16LE(name.length, 26);
  header.writeUInt16LE(extraBytes, 28);
  header.write(name, localHeaderBytes, 'latin1');
  return header;
}

function centralHeader(name: string, size: number, checksum: number, offset: number): Buffer {
  const header = Buffer.alloc(centralHeaderBytes + name.length);
  header.writeUInt32LE(0x02014b50, 0);
  header.writeUInt16LE(versionNeeded, 4);
  header.writeUInt16LE(versionNeeded, 6);
  header.writeUInt16LE(earliestDate, 14);
  header.writeUInt32LE(checksum, 16);
  header.writeUInt32LE(size, 20);
  header.writeUInt32LE(size, 24);
  header.writeUInt16LE(name.length, 28);
  header.writeUInt32LE(offset, 42);
  header.write(name, centralHeaderBytes, 'latin1');
  return header;
}

function endOf(entries: number, directoryBytes: number, offset: number): Buffer {
  const end = Buffer.alloc(endBytes);
  end.writeUInt32LE(0x06054b50, 0);
  end.writeUInt16LE(entries, 8);
  end.writeUInt16LE(entries, 10);
  end.writeUInt32LE(directoryBytes, 12);
  end.writeUInt32LE(offset, 16);
  return end;
}

/** An extra field that nobody knows, up to the next multiple of the alignment; PyTorch's own writer has one with this id. */
function padding(end: number, alignment: number): Buffer {
  if (end % alignment === 0) return Buffer.alloc(0);
  const extra = Buffer.alloc(alignment - ((end + extraHeaderBytes) % alignment) + extraHeaderBytes, 'Z');
  extra.write('FB', 0, 'latin1');
  extra.writeUInt16LE(extra.length - extraHeaderBytes, 2);
  return extra;
}
