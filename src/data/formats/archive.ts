/** What the readers of archives share: their entries, what is too large, and the names that are refused. */
import { refusal, shortened, type TableRefusal } from './rows.js';

/** A file in an archive. */
export interface ArchiveEntry {
  /** Folders and the name of the file, with / between them. Safe to use, and the only one of its name. */
  path: string;
  sizeBytes: number;
  /** Of the entries those before it; null: it is not known how many there are. */
  fraction: number | null;
  /** The whole file. To be called before the next entry is asked for. @throws TableRefusal */
  read(): Promise<Uint8Array>;
}

export interface ArchiveLimits {
  /** Entries of all kinds. */
  entries: number;
  /** Of one file. */
  fileBytes: number;
  /** Of all files together, unpacked. */
  totalBytes: number;
}

export const archiveLimits: Readonly<ArchiveLimits> = {
  entries: 200_000,
  fileBytes: 64 * 2 ** 20,
  totalBytes: 16 * 2 ** 30,
};

/** Of the first entry, and of the end of an archive that has none. */
const zipBeginnings = ['PK\u0003\u0004', 'PK\u0005\u0006'];

/** 'zip' or 'tar' by the first bytes, once gzip is off; null: something else, such as a workbook, which is a ZIP too. */
export function archiveKind(head: Uint8Array): 'zip' | 'tar' | null {
  const text = Buffer.from(head.buffer, head.byteOffset, head.byteLength).toString('latin1');
  if (text.startsWith('ustar', 257)) return 'tar';
  if (!zipBeginnings.some((beginning) => text.startsWith(beginning))) return null;
  return /\[Content_Types\]\.xml|^.{30}mimetypeapplication\//s.test(text) ? null : 'zip';
}

/** Goes over the names of an archive, and refuses what no archive of pictures needs. */
export class EntryNames {
  readonly #seen = new Set<string>();
  readonly #limits: ArchiveLimits;
  #entries = 0;
  #bytes = 0;

  constructor(limits: ArchiveLimits) {
    this.#limits = limits;
  }

  /** Every entry, also of a folder. @throws TableRefusal TOO_LARGE, UNSAFE_PATH, LINK, DUPLICATE_NAME */
  check(path: string, kind: 'file' | 'folder' | 'link' | 'device', sizeBytes: number): void {
    if (++this.#entries > this.#limits.entries) throw tooManyEntries(this.#limits.entries);
    refuseUnsafe(path);
    if (kind === 'link' || kind === 'device') throw notAFile(path, kind);
    if (kind === 'folder') return;
    if (this.#seen.has(path)) {
      const message = `The archive has two files of the name ${quoted(path)}. Rename or remove one of them.`;
      throw refusal('DUPLICATE_NAME', message, { value: shortened(path) });
    }
    this.#seen.add(path);
    this.#bytes += sizeBytes;
    const { totalBytes } = this.#limits;
    if (this.#bytes <= totalBytes) return;
    const most = `${Math.round(totalBytes / 2 ** 30)} GiB`;
    const message = `The archive unpacks to more than ${most}, the most that is taken. Scale the pictures down, or leave some out.`;
    throw refusal('TOO_LARGE', message, { value: shortened(path) });
  }

  /** Before a file is unpacked. @throws TableRefusal TOO_LARGE */
  checkFile(path: string, sizeBytes: number): void {
    const { fileBytes } = this.#limits;
    if (sizeBytes <= fileBytes) return;
    const most = `${Math.round(fileBytes / 2 ** 20)} MiB`;
    const message = `${quoted(path)} has ${sizeBytes} bytes, and a file may have ${most}. Save it as JPEG, or scale it down.`;
    throw refusal('TOO_LARGE', message, { value: shortened(path) });
  }
}

export function tooManyEntries(most: number): TableRefusal {
  const message = `The archive has more than ${most} entries, the most that is taken. Leave some out.`;
  return refusal('TOO_LARGE', message);
}

export function quoted(path: string): string {
  return JSON.stringify(shortened(path));
}

function refuseUnsafe(path: string): void {
  const isUnsafe =
    path === '' ||
    path.startsWith('/') ||
    /^[A-Za-z]:/.test(path) ||
    path.includes('\0') ||
    path.split('/').includes('..');
  if (!isUnsafe) return;
  const message =
    `The archive has an entry that leads out of it: ${quoted(path)}. ` +
    'Make it anew from inside the folder of the pictures: zip -r pictures.zip . or tar czf pictures.tar.gz *';
  throw refusal('UNSAFE_PATH', message, { value: shortened(path) });
}

function notAFile(path: string, kind: 'link' | 'device'): TableRefusal {
  const what = kind === 'link' ? 'a link' : 'a device or a pipe';
  const advice =
    'Only files and folders are taken: replace it by the file (zip does so without -y, tar with -h).';
  return refusal('LINK', `${quoted(path)} in the archive is ${what}. ${advice}`, { value: shortened(path) });
}
