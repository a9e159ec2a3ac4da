/**
 * The files of a tar archive as it streams by: ustar, pax (POSIX.1-2017, pax, "ustar Interchange Format") and GNU's long names.
 * Nothing is trusted: headers have checksums, and what an entry may make this reader hold is bounded. The readers there are as
 * packages hold headers of any length, and one waits forever where a pax header has a size that is no number.
 */
import { archiveLimits, EntryNames, quoted, type ArchiveEntry, type ArchiveLimits } from './archive.js';
import { refusal, type TableRefusal } from './rows.js';

const blockBytes = 512;

/** Of a pax header or a long name. */
const mostHeaderBytes = 2 ** 20;

/** In the order of the archive. An entry that is not read is skipped. @throws TableRefusal */
export async function* readTar(
  stream: AsyncIterable<Uint8Array>,
  limits: ArchiveLimits = archiveLimits,
): AsyncGenerator<ArchiveEntry> {
  const bytes = new Bytes(stream);
  const names = new EntryNames(limits);
  let more: Overrides = {};
  for (let header = await nextHeader(bytes); header !== null; header = await nextHeader(bytes)) {
    const size = more.size ?? header.size;
    if (isExtension(header.type)) {
      more = { ...more, ...readExtension(header.type, await extensionOf(bytes, header.size)) };
      continue;
    }
    const path = (more.path ?? header.path).replace(/^(?:\.\/)+/, '');
    more = {};
    const kind = kindOf(header.type, path);
    // The root of the archive, ./, has no name.
    if (kind === 'other' || path === '' || path === '.') {
      await bytes.skip(padded(size));
      continue;
    }
    names.check(path, kind, size);
    const entry = { isRead: false };
    if (kind === 'file') {
      yield {
        path,
        sizeBytes: size,
        fraction: null,
        read: async () => {
          names.checkFile(path, size);
          entry.isRead = true;
          const content = await bytes.take(size);
          await bytes.skip(padded(size) - size);
          return content;
        },
      };
    }
    if (!entry.isRead) await bytes.skip(padded(size));
  }
}

interface Header {
  path: string;
  size: number;
  type: string;
}

/** What a pax header or a long name says of the next entry. */
interface Overrides {
  path?: string;
  size?: number;
}

/** null: the end of the archive. */
async function nextHeader(bytes: Bytes): Promise<Header | null> {
  const block = await bytes.take(blockBytes);
  if (block.every((byte) => byte === 0)) return null;
  const text = Buffer.from(block.buffer, block.byteOffset, block.length);
  refuseWrongSum(text);
  const field = (start: number, length: number): string => {
    const part = text.subarray(start, start + length);
    const end = part.indexOf(0);
    return part.subarray(0, end === -1 ? length : end).toString('utf8');
  };
  const prefix = field(257, 6) === 'ustar' ? field(345, 155) : '';
  const name = field(0, 100);
  return {
    path: prefix === '' ? name : `${prefix}/${name}`,
    size: numberOf(text.subarray(124, 136)),
    type: field(156, 1) || '0',
  };
}

/** The sum of all bytes, with spaces for the sum itself. */
function refuseWrongSum(block: Buffer): void {
  const stated = numberOf(block.subarray(148, 156));
  let sum = 0;
  block.forEach((byte, at) => (sum += at >= 148 && at < 156 ? 0x20 : byte));
  if (sum !== stated) throw damaged('a header has a wrong checksum');
}

/** Octal digits, or GNU's binary numbers. */
function numberOf(field: Buffer): number {
  const first = field[0] ?? 0;
  if (first === 0x80) {
    const value = field.subarray(1).reduce((sum, byte) => sum * 256 + byte, 0);
    return checkedSize(value);
  }
  const text = field.toString('latin1').replaceAll('\0', ' ').trim();
  if (!/^[0-7]*$/.test(text)) throw damaged('a header has a number that is none');
  return checkedSize(text === '' ? 0 : parseInt(text, 8));
}

function checkedSize(size: number): number {
  if (Number.isSafeInteger(size)) return size;
  throw damaged('a header has a size that is none');
}

function kindOf(type: string, path: string): 'file' | 'folder' | 'link' | 'device' | 'other' {
  if (type === '0' || type === '7') return path.endsWith('/') ? 'folder' : 'file';
  if (type === '5') return 'folder';
  if (type === '1' || type === '2') return 'link';
  if (type === '3' || type === '4' || type === '6') return 'device';
  if (type === 'S') {
    throw refusal('DAMAGED_FILE', `${quoted(path)} is a sparse file. Make the tar anew without --sparse.`);
  }
  return 'other';
}

function isExtension(type: string): boolean {
  return type === 'x' || type === 'L' || type === 'K' || type === 'g';
}

async function extensionOf(bytes: Bytes, size: number): Promise<Buffer> {
  if (size > mostHeaderBytes) throw damaged(`a header has ${size} bytes`);
  const content = await bytes.take(size);
  await bytes.skip(padded(size) - size);
  return content;
}

/** Of what a global header (g) or a long link (K) says nothing is used. */
function readExtension(type: string, content: Buffer): Overrides {
  if (type === 'L') return { path: content.toString('utf8').replace(/\0.*$/s, '') };
  if (type !== 'x') return {};
  const found: Overrides = {};
  for (let at = 0; at < content.length;) {
    const space = content.indexOf(0x20, at);
    const length = Number(content.subarray(at, Math.max(at, space)).toString('latin1'));
    const end = at + length;
    if (!(Number.isInteger(length) && end > space + 1 && end <= content.length)) {
      throw damaged('a pax header has a wrong length');
    }
    const [key = '', ...value] = content
      .subarray(space + 1, end - 1)
      .toString('utf8')
      .split('=');
    if (key === 'path') found.path = value.join('=');
    if (key === 'size') {
      if (!/^\d{1,15}$/.test(value.join('='))) throw damaged('a pax header has a size that is none');
      found.size = Number(value[0]);
    }
    if (key.startsWith('GNU.sparse')) throw damaged('it has a sparse file: make it without --sparse');
    at = end;
  }
  return found;
}

function padded(size: number): number {
  return Math.ceil(size / blockBytes) * blockBytes;
}

function damaged(problem: string): TableRefusal {
  return refusal(
    'DAMAGED_FILE',
    `The tar archive is damaged: ${problem}. Make it anew, and check it with tar -t.`,
  );
}

/** A stream, read in lengths. */
class Bytes {
  readonly #pieces: AsyncIterator<Uint8Array>;
  #left: Uint8Array = new Uint8Array();

  constructor(stream: AsyncIterable<Uint8Array>) {
    this.#pieces = stream[Symbol.asyncIterator]();
  }

  /** @throws TableRefusal TRUNCATED_ARCHIVE */
  async take(length: number): Promise<Buffer> {
    const pieces: Uint8Array[] = [];
    let wanted = length;
    while (wanted > 0) {
      const piece = await this.#atMost(wanted);
      pieces.push(piece);
      wanted -= piece.length;
    }
    return Buffer.concat(pieces);
  }

  async skip(length: number): Promise<void> {
    for (let left = length; left > 0;) left -= (await this.#atMost(left)).length;
  }

  async #atMost(length: number): Promise<Uint8Array> {
    while (this.#left.length === 0) {
      const next = await this.#pieces.next();
      if (next.done === true) {
        throw refusal('TRUNCATED_ARCHIVE', 'The tar archive is cut short. Upload the whole file again.');
      }
      this.#left = next.value;
    }
    const piece = this.#left.subarray(0, length);
    this.#left = this.#left.subarray(piece.length);
    return piece;
  }
}
