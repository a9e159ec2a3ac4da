import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, it, test } from 'vitest';
import { bytesInMemory, bytesOfFile, openReader } from '../../../src/data/formats/open-reader.js';
import { problemsOf, readTable } from './whole-table.js';

const fixture = (name: string) => readFileSync(new URL(`../../fixtures/tables/${name}`, import.meta.url));

describe('what is no table is refused by what it is', () => {
  const zipOf = (...names: string[]) =>
    Buffer.from(`PK\x03\x04\x14\0\0\0${names.map((name) => `${name}PK\x03\x04`).join('')}`, 'latin1');
  test.each<[string, Uint8Array | string, string]>([
    ['an Excel workbook', fixture('excel_as.csv'), 'CSV UTF-8'],
    ['a compressed Excel workbook', fixture('field/xlsx_renamed.csv'), 'Excel workbook'],
    ['a web page', fixture('page.csv'), 'HTML'],
    ['a web page with a comment first', '<!-- saved --><html></html>', 'HTML'],
    ['a Word document', zipOf('[Content_Types].xml', 'word/document.xml'), 'Word document'],
    [
      'an OpenDocument spreadsheet',
      zipOf('mimetypeapplication/vnd.oasis.opendocument.spreadsheet'),
      'OpenDocument',
    ],
    ['a ZIP archive', zipOf('table.csv'), 'ZIP archive'],
    ['an old Excel workbook', Buffer.from('d0cf11e0a1b11ae1', 'hex'), '.xls'],
    ['a PDF', '%PDF-1.7\n%\n', 'PDF'],
    ['an SQLite database', 'SQLite format 3\0', 'SQLite'],
    ['Arrow', 'ARROW1\0\0', 'Arrow'],
    ['HDF5', Buffer.from('894844460d0a1a0a', 'hex'), 'HDF5'],
    ['a pickle', Buffer.from('80049500000000', 'hex'), 'pickle'],
    ['a picture', Buffer.from('89504e470d0a1a0a', 'hex'), 'PNG'],
    ['XML', '<?xml version="1.0"?><rows/>', 'XML'],
    ['bzip2', Buffer.from('BZh91AY&SY', 'latin1'), 'bzip2'],
    ['gzip in gzip', gzipSync(gzipSync('a,b\n1,2\n')), 'twice'],
    ['binary data', Buffer.from('612c620a312c000a', 'hex'), 'NUL byte'],
  ])('%s', async (_, bytes, message) => {
    const [first] = await problemsOf(bytes);
    expect(first).toMatchObject({ code: 'NOT_A_TABLE', message: expect.stringContaining(message) as string });
  });

  it('whatever the client says it is', async () => {
    expect(await problemsOf(fixture('excel_as.csv'), { format: 'csv' })).toMatchObject([
      { code: 'NOT_A_TABLE' },
    ]);
    expect(await problemsOf('a,b\n1,2\n', { format: 'parquet' })).toMatchObject([{ code: 'NOT_A_TABLE' }]);
  });

  it('but words that begin like a mark are text', async () => {
    expect((await readTable('BZh,n\n1,2\n')).names).toEqual(['BZh', 'n']);
    expect((await readTable('[mV],n\n1,2\n')).names).toEqual(['[mV]', 'n']);
  });
});

describe('an empty file', () => {
  test.each<[string, Uint8Array | string]>([
    ['of no bytes', ''],
    ['of blank lines', '\n \r\n\n'],
    ['of a byte order mark', '\uFEFF'],
    ['inside gzip', gzipSync('')],
  ])('%s is refused', async (_, bytes) => {
    expect(await problemsOf(bytes)).toMatchObject([{ code: 'EMPTY_FILE', line: null, column: null }]);
  });
});

describe('gzip', () => {
  it('is read, of CSV and of JSON Lines', async () => {
    const { rows, dialect } = await readTable(fixture('gz.csv.gz'));
    expect([rows.length, dialect.compression]).toEqual([60, 'gzip']);
    expect((await readTable(gzipSync('{"a":1}\n'))).rows).toEqual([['1']]);
  });

  it('of several members is one file', async () => {
    expect((await readTable(Buffer.concat([gzipSync('a,b\n1,'), gzipSync('2\n3,4\n')]))).rows).toEqual([
      ['1', '2'],
      ['3', '4'],
    ]);
  });

  test.each(['truncated.csv.gz', 'field/truncated.csv.gz'])(
    '%s that is cut short is refused',
    async (file) => {
      expect(await problemsOf(fixture(file))).toMatchObject([
        { code: 'TRUNCATED_ARCHIVE', line: null, column: null },
      ]);
    },
  );

  it('that is damaged is refused', async () => {
    const bytes = gzipSync(fixture('late_text.csv'));
    bytes.writeUInt32LE(7, bytes.length - 8);
    expect(await problemsOf(bytes)).toMatchObject([{ code: 'DAMAGED_FILE' }]);
  });
});

describe('the encoding', () => {
  test.each([
    ['utf16.csv', 'utf-16le'],
    ['field/utf16le_tabs_excel.txt', 'utf-16le'],
    ['bom.csv', 'utf-8'],
    ['latin1.csv', 'windows-1252'],
    ['field/win1252_semicolon_decimal_comma.csv', 'windows-1252'],
  ])('of %s is found', async (file, encoding) => {
    expect((await readTable(fixture(file))).dialect.encoding).toBe(encoding);
  });

  it('of UTF-16 is found without a byte order mark too, in either order', async () => {
    const bytes = Buffer.from('name,n\nKöln,1\n', 'utf16le');
    expect((await readTable(bytes)).rows).toEqual([['Köln', '1']]);
    expect((await readTable(Buffer.from(bytes).swap16())).dialect.encoding).toBe('utf-16be');
  });

  it('that is assumed is told, and its characters are those of Windows', async () => {
    const { names, rows, warnings } = await readTable(fixture('field/win1252_semicolon_decimal_comma.csv'));
    expect(warnings).toMatchObject([{ code: 'ENCODING_ASSUMED', column: null }]);
    expect(names[0]).toBe('Größe');
    expect(new Set(rows.map((row) => row[2]))).toContain('café – noir');
  });

  it('is decided by the whole file, wherever its first byte beyond ASCII is', async () => {
    const bytes = Buffer.concat([
      Buffer.from(`a,b\n${'1,2\n'.repeat(300_000)}`),
      Buffer.from('3,K\xF6ln\n', 'latin1'),
    ]);
    const { rows, dialect, warnings } = await readTable(bytes);
    expect(rows.at(-1)).toEqual(['3', 'Köln']);
    expect([dialect.encoding, warnings[0]?.code]).toEqual(['windows-1252', 'ENCODING_ASSUMED']);
  });

  it('that changes within the file is refused with the line and the byte', async () => {
    const bytes = Buffer.concat([
      Buffer.from('city,n\nKöln,1\nOslo,2\nMal'),
      Buffer.from('m\xF6,3\n', 'latin1'),
    ]);
    const [first] = await problemsOf(bytes);
    expect(first).toMatchObject({
      code: 'BAD_ENCODING',
      line: 4,
      message: expect.stringContaining('0xF6') as string,
    });
  });

  it('may cut a character anywhere between two pieces', async () => {
    const text = 'a,b\nKöln €,😀\n';
    const source = bytesInMemory(Buffer.from(text));
    for (let cut = 1; cut < source.sizeBytes; cut++) {
      const pieces = [await source.slice(0, cut), await source.slice(cut, source.sizeBytes)];
      const cutSource = {
        ...source,
        // eslint-disable-next-line @typescript-eslint/require-await -- A stream that never waits.
        async *stream() {
          yield* pieces;
        },
      };
      expect((await readTable(cutSource)).rows).toEqual([['Köln €', '😀']]);
    }
  });

  it('can be named', async () => {
    const { rows } = await readTable(Buffer.from('a,b\n\x83\x65,1\n', 'latin1'), { encoding: 'shift_jis' });
    expect(rows).toEqual([['テ', '1']]);
    expect(await problemsOf('a,b\n1,2\n', { encoding: 'utf-77' })).toMatchObject([{ code: 'BAD_ENCODING' }]);
    expect(await problemsOf(Buffer.from('a,b\n\xFF,1\n', 'latin1'), { encoding: 'utf-8' })).toMatchObject([
      { code: 'BAD_ENCODING', line: 2 },
    ]);
  });
});

describe('a reader', () => {
  it('reads a file from the disk, again and again, and leaves it closed', async () => {
    const folder = await mkdtemp(path.join(tmpdir(), 'formats-'));
    const file = path.join(folder, 'table.csv');
    await writeFile(file, `a,b\n${'1,2\n'.repeat(200_000)}`);
    const openFiles = async () => (await readdir('/proc/self/fd').catch(() => [])).length;
    const before = await openFiles();
    const reader = await openReader(await bytesOfFile(file));
    for (let reading = 0; reading < 3; reading++) {
      let rows = 0;
      for await (const batch of reader.batches()) rows += batch.rows.length;
      expect(rows).toBe(200_000);
    }
    for await (const batch of reader.batches()) {
      expect(batch.rows.length).toBeLessThan(200_000);
      break;
    }
    expect(reader.warnings).toEqual([]);
    expect(await openFiles()).toBe(before);
    await rm(folder, { recursive: true });
  });

  it('passes on an error of the source as it is', async () => {
    const source = bytesInMemory(gzipSync(Buffer.from(`a,b\n${'1,2\n'.repeat(100_000)}`)));
    const failing = {
      ...source,
      async *stream() {
        yield await source.slice(0, 20);
        throw new Error('The bucket does not answer.');
      },
    };
    await expect(readTable(failing)).rejects.toThrow('The bucket does not answer.');
  });
});
