/**
 * Reads ZIP archives whose entries are stored as they are, as PyTorch writes them: APPNOTE.TXT, section 4.3. Nothing is inflated,
 * so an archive cannot become larger than it is. The directory at the end decides; entries are views of the archive.
 */
import { crc32 } from 'node:zlib';
import { modelFileInvalid, shownName } from './import/model-file-invalid.js';

const endBytes = 22;
const longestComment = 0xffff;
const centralHeaderBytes = 46;
const localHeaderBytes = 30;

/** A state dict has one entry for each tensor, and few others. */
const mostEntries = 10_000;

/** The entries by name. @throws TrainyardError MODEL_FILE_INVALID */
export function readZip(archive: Buffer): Map<string, Buffer> {
  const end = findEnd(archive);
  const count = archive.readUInt16LE(end + 10);
  let at = archive.readUInt32LE(end + 16);
  if (count > mostEntries) throw modelFileInvalid(`is a ZIP archive of ${count} entries`);
  const entries = new Map<string, Buffer>();
  let taken = 0;
  for (let entry = 0; entry < count; entry++) {
    if (at + centralHeaderBytes > end || archive.readUInt32LE(at) !== 0x02014b50) throw damaged();
    const method = archive.readUInt16LE(at + 10);
    const checksum = archive.readUInt32LE(at + 16);
    const size = archive.readUInt32LE(at + 24);
    const [nameBytes, extraBytes, commentBytes] = [28, 30, 32].map((field) =>
      archive.readUInt16LE(at + field),
    );
    const name = archive.toString('utf8', at + centralHeaderBytes, at + centralHeaderBytes + nameBytes);
    if (method !== 0 || archive.readUInt32LE(at + 20) !== size) {
      throw modelFileInvalid(`has ${shownName(name)} compressed; torch.save stores its entries as they are`);
    }
    const content = contentAt(archive, archive.readUInt32LE(at + 42), size);
    taken += size;
    // Entries that overlap would let a small archive hold much.
    if (taken > archive.length || entries.has(name)) throw damaged();
    if (crc32(content) !== checksum)
      throw modelFileInvalid(`is damaged: the checksum of ${shownName(name)} differs`);
    entries.set(name, content);
    at += centralHeaderBytes + nameBytes + extraBytes + commentBytes;
  }
  return entries;
}

/** Where the record at the end of the archive begins. */
function findEnd(archive: Buffer): number {
  const first = Math.max(0, archive.length - endBytes - longestComment);
  for (let at = archive.length - endBytes; at >= first; at--) {
    if (archive.readUInt32LE(at) === 0x06054b50) return at;
  }
  throw damaged();
}

function contentAt(archive: Buffer, header: number, size: number): Buffer {
  if (header + localHeaderBytes > archive.length || archive.readUInt32LE(header) !== 0x04034b50)
    throw damaged();
  const start =
    header + localHeaderBytes + archive.readUInt16LE(header + 26) + archive.readUInt16LE(header + 28);
  if (start + size > archive.length) throw damaged();
  return archive.subarray(start, start + size);
}

function damaged(): Error {
  return modelFileInvalid('is not a whole ZIP archive');
}
