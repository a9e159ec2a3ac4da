/** Takes in the cells of one column, chunk by chunk: packs them, counts their levels, and gathers evidence of their type. */
import { notPlain, plain, scanPlain, type PlainNumber } from '../../lib/cells/number-text.js';
import { ColumnEvidence } from './column-evidence.js';
import { hashText, LevelCounter, mixed } from './level-counter.js';
import { blankDecimals, type ColumnPacker, type StoredColumn, type StoredTexts } from './stored-column.js';

/** (rows) Two hashes of each row, to which each column adds its cells; equal rows have equal hashes. */
export interface RowHashes {
  low: Int32Array;
  high: Int32Array;
}

export class ColumnIntake {
  readonly evidence = new ColumnEvidence();
  readonly levels = new LevelCounter();
  readonly #index: number;
  /** Tells apart equal cells of different columns. */
  readonly #salt: number;
  readonly #scanned: PlainNumber = { digits: 0, decimals: 0 };

  constructor(index: number) {
    this.#index = index;
    this.#salt = mixed(index + 1);
  }

  takeIn(
    rows: readonly (readonly (string | null)[])[],
    packer: ColumnPacker,
    hashes: RowHashes,
  ): StoredColumn {
    const stored = packer.pack(rows, this.#index);
    if (stored.kind === 'texts') this.#addTexts(stored, hashes);
    else this.#addNumbers(rows, packer, hashes);
    return stored;
  }

  #addNumbers(rows: readonly (readonly (string | null)[])[], packer: ColumnPacker, hashes: RowHashes): void {
    const { digits, decimals } = packer;
    const { evidence, levels } = this;
    let blank = 0;
    for (let row = 0; row < rows.length; row++) {
      const places = decimals[row];
      if (places === blankDecimals) {
        blank++;
        continue;
      }
      const value = digits[row];
      const low = numberHash(value, places);
      const high = numberHash(value, places + 100);
      evidence.addPlain(value, places, 1);
      levels.addNumber(value, places, 1, low, high);
      this.#addToRow(hashes, row, low, high);
    }
    evidence.addBlank(blank);
  }

  #addTexts({ codes, texts }: StoredTexts, hashes: RowHashes): void {
    const counts = new Uint32Array(texts.length);
    for (const code of codes) counts[code]++;
    const low = new Int32Array(texts.length);
    const high = new Int32Array(texts.length);
    const isBlank = new Uint8Array(texts.length);
    texts.forEach((text, code) => {
      const trimmed = text === null ? '' : text.trim();
      if (trimmed === '') {
        isBlank[code] = 1;
        this.evidence.addBlank(counts[code]);
        return;
      }
      if (trimmed.length !== text?.length) this.evidence.padded += counts[code];
      [low[code], high[code]] = this.#addText(trimmed, counts[code]);
    });
    for (let row = 0; row < codes.length; row++) {
      const code = codes[row];
      if (isBlank[code] === 0) this.#addToRow(hashes, row, low[code], high[code]);
    }
  }

  /** Returns the hashes of the text. */
  #addText(text: string, count: number): [low: number, high: number] {
    const scanned = this.#scanned;
    if (scanPlain(text, scanned) === plain) {
      const { digits, decimals } = scanned;
      const low = numberHash(digits, decimals);
      const high = numberHash(digits, decimals + 100);
      this.evidence.addPlain(digits, decimals, count);
      this.levels.addNumber(digits, decimals, count, low, high);
      return [low, high];
    }
    const [low, high] = hashText(text);
    this.evidence.addText(text, count);
    this.levels.addText(text, count, low, high);
    return [low, high];
  }

  #addToRow({ low, high }: RowHashes, row: number, cellLow: number, cellHigh: number): void {
    low[row] = (low[row] + mixed(cellLow ^ this.#salt)) | 0;
    high[row] = (high[row] + mixed(cellHigh + this.#salt)) | 0;
  }
}

/** Of the digits of a plain number; another `tag` gives an independent hash. */
function numberHash(digits: number, tag: number): number {
  const high = (digits / 2 ** 32) | 0;
  return mixed((digits | 0) ^ Math.imul(high, 0x9e3779b1) ^ Math.imul(tag + 1, 0x85ebca6b));
}

void notPlain;
