/** What a file is by its first bytes: a table in one of the formats, or something else that users take for one. */
import type { FormatOptions } from './rows.js';

export type FileKind = { format: NonNullable<FormatOptions['format']> | 'json' } | { notTable: string };

/** The beginning of a file in bytes, its offset, and what to tell who uploads one. */
interface Signature {
  at: number;
  bytes: string;
  is: string;
}

const asCsv = 'Export the table as CSV and upload that.';

const signatures: readonly Signature[] = [
  {
    at: 0,
    bytes: '\xD0\xCF\x11\xE0',
    is: 'an Excel workbook of the old kind (.xls). Open it, save it as CSV, and upload that.',
  },
  { at: 0, bytes: '%PDF', is: `a PDF document. ${asCsv}` },
  { at: 0, bytes: 'SQLite format 3\0', is: `an SQLite database. ${asCsv}` },
  { at: 0, bytes: 'ARROW1', is: 'an Arrow (Feather) file. Write it as Parquet or CSV and upload that.' },
  { at: 0, bytes: 'FEA1', is: 'a Feather file. Write it as Parquet or CSV and upload that.' },
  { at: 0, bytes: '\x89HDF\r\n', is: 'an HDF5 file. Write the table as Parquet or CSV and upload that.' },
  { at: 0, bytes: 'ORC', is: 'an ORC file. Write it as Parquet or CSV and upload that.' },
  { at: 0, bytes: 'Obj\x01', is: 'an Avro file. Write it as Parquet or CSV and upload that.' },
  {
    at: 0,
    bytes: '\x93NUMPY',
    is: 'a NumPy array. Write it as CSV with the names of its columns and upload that.',
  },
  { at: 0, bytes: '\x89PNG', is: 'a PNG picture. Upload a table.' },
  { at: 0, bytes: '\xFF\xD8\xFF', is: 'a JPEG picture. Upload a table.' },
  { at: 0, bytes: 'GIF8', is: 'a GIF picture. Upload a table.' },
  { at: 8, bytes: 'WEBP', is: 'a WebP picture. Upload a table.' },
  { at: 0, bytes: '7z\xBC\xAF\x27\x1C', is: 'a 7z archive. Unpack it and upload the table in it.' },
  { at: 0, bytes: 'Rar!', is: 'a RAR archive. Unpack it and upload the table in it.' },
  { at: 0, bytes: '\xFD7zXZ\0', is: 'compressed with xz. Unpack it, or compress it with gzip.' },
  { at: 0, bytes: '\x28\xB5\x2F\xFD', is: 'compressed with zstd. Unpack it, or compress it with gzip.' },
  { at: 0, bytes: 'BZh', is: 'compressed with bzip2. Unpack it, or compress it with gzip.' },
  { at: 0, bytes: '\x1F\x8B', is: 'compressed with gzip twice. Compress it once.' },
  { at: 257, bytes: 'ustar', is: 'a tar archive. Unpack it and upload the table in it.' },
];

/** `head`: the first bytes, at most 64 KiB. */
export function fileKind(head: Uint8Array): FileKind {
  const bytes = Buffer.from(head.buffer, head.byteOffset, head.byteLength).toString('latin1');
  if (bytes.startsWith('PAR1')) return { format: 'parquet' };
  if (bytes.startsWith('PK\x03\x04') || bytes.startsWith('PK\x05\x06'))
    return { notTable: `The file is ${zipKind(bytes)}` };
  // bzip2 is followed by its level: a header may begin with the same letters.
  const signature = signatures.find(
    (one) => bytes.startsWith(one.bytes, one.at) && (one.bytes !== 'BZh' || /^BZh[1-9]1AY/.test(bytes)),
  );
  if (signature !== undefined) return { notTable: `The file is ${signature.is}` };
  if (isPickle(head)) {
    return {
      notTable:
        'The file is a Python pickle, which is never opened: it can run code. Write the table as CSV or Parquet.',
    };
  }
  return textKind(bytes.replace(/^(?:\xEF\xBB\xBF|\xFF\xFE|\xFE\xFF)/, '').replaceAll('\0', ''));
}

/** Of text, whatever its encoding: the characters that matter are ASCII. */
function textKind(text: string): FileKind {
  const start = text.trimStart();
  if (/^<(?:!--|(?:!doctype html|html|head|body|script|meta|table)\b)/i.test(start)) {
    return {
      notTable:
        'The file is an HTML page, perhaps one that asks to sign in. Download the table itself and upload that.',
    };
  }
  if (/^<(?:\?xml|[a-z][\w:.-]*[\s>])/i.test(start)) return { notTable: `The file is XML. ${asCsv}` };
  if (start.startsWith('{\\rtf')) return { notTable: `The file is a text document (RTF). ${asCsv}` };
  if (start.startsWith('{')) return { format: 'jsonl' };
  if (/^\[\s*(?:[{[\]"\d-]|null|true|false|$)/.test(start)) return { format: 'json' };
  return { format: 'csv' };
}

function zipKind(bytes: string): string {
  if (/xl\/|\[Content_Types\]\.xml/.test(bytes)) {
    if (bytes.includes('word/')) return 'a Word document (.docx). Save its table as CSV and upload that.';
    if (bytes.includes('ppt/')) return 'a presentation (.pptx). Save its table as CSV and upload that.';
    return 'an Excel workbook (.xlsx). Open it, choose "Save As" and "CSV UTF-8", and upload that.';
  }
  if (bytes.includes('application/vnd.oasis.opendocument')) {
    return 'an OpenDocument spreadsheet (.ods). Open it, save it as CSV, and upload that.';
  }
  return 'a ZIP archive. Unpack it and upload the table in it.';
}

/** Protocol 2 and above: the opcode PROTO, its number, and FRAME or an opcode that begins an object. */
function isPickle(head: Uint8Array): boolean {
  return (
    head[0] === 0x80 &&
    (head[1] ?? 0) >= 2 &&
    (head[1] ?? 9) <= 5 &&
    [0x95, 0x63, 0x7d, 0x5d, 0x8c, 0x58].includes(head[2] ?? 0)
  );
}
