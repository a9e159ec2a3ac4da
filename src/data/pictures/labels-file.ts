/** A labels.csv in an archive of pictures: the file of each picture, its label, and its split if it says so. */
import { bytesInMemory, openReader } from '../formats/open-reader.js';
import { refusal, shortened } from '../formats/rows.js';
import { splitNamed, splitNames, type RowSplit } from '../splits.js';

export type GivenSplit = Exclude<RowSplit, 'left_out'>;

export interface LabelledFile {
  /** In the archive. */
  path: string;
  label: string;
  split: GivenSplit | null;
  /** null: the format has no lines. */
  line: number | null;
}

/** What people call the columns, in lower case. */
const columnNames = {
  file: ['file', 'filename', 'file_name', 'path', 'image', 'picture', 'image_id', 'id'],
  label: ['label', 'class', 'category', 'target'],
  split: ['split', 'set', 'subset'],
};

export function isLabelsFile(path: string): boolean {
  return /(?:^|\/)labels\.csv$/i.test(path);
}

/** Paths in it are relative to its folder. @throws TableRefusal */
export async function readLabels(path: string, bytes: Uint8Array): Promise<LabelledFile[]> {
  const reader = await openReader(bytesInMemory(bytes));
  const folder = path.slice(0, path.lastIndexOf('/') + 1);
  const found: LabelledFile[] = [];
  for await (const { names, rows, lines } of reader.batches()) {
    const columns = columnsOf(names);
    rows.forEach((cells, i) => {
      const line = lines?.[i] ?? null;
      const cell = (at: number): string => (cells[at] ?? '').trim();
      const [file, label] = [cell(columns.file), cell(columns.label)];
      if (file === '' || label === '') {
        const message = `A row of labels.csv has no ${file === '' ? 'file' : 'label'}. Fill it in, or remove the row.`;
        throw refusal('LABELS', message, { line });
      }
      const split = columns.split === -1 ? null : splitOf(cell(columns.split), line);
      found.push({ path: joined(folder, file), label, split, line });
    });
  }
  return found;
}

function columnsOf(names: readonly string[]): Record<keyof typeof columnNames, number> {
  const lower = names.map((name) => name.toLowerCase());
  const at = (known: readonly string[]): number => lower.findIndex((name) => known.includes(name));
  const columns = {
    file: at(columnNames.file),
    label: at(columnNames.label),
    split: at(columnNames.split),
  };
  if (columns.file !== -1 && columns.label !== -1) return columns;
  const has = names.map((name) => JSON.stringify(shortened(name))).join(', ');
  const message = `labels.csv needs the columns file and label, and may have split; it has ${has}. Name them so in its first line.`;
  throw refusal('LABELS', message, { line: 1 });
}

function splitOf(text: string, line: number | null): GivenSplit {
  const split = splitNamed(text);
  if (split !== null) return split;
  const known = Object.values(splitNames).flat().join(', ');
  const message = `${JSON.stringify(shortened(text))} in labels.csv is not a split. Use one of: ${known}.`;
  throw refusal('LABELS', message, { line, value: shortened(text) });
}

function joined(folder: string, file: string): string {
  return folder + file.replaceAll('\\', '/').replace(/^(?:\.?\/)+/, '');
}
