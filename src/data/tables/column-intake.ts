/** Takes in the cells of one column, chunk by chunk: packs them, counts their levels, and gathers evidence of their type. */
import { long, plain, scanPlain, type PlainNumber } from '../../lib/cells/number-text.js';
import { ColumnEvidence, looksLikeThousands } from './column-evidence.js';
import { highSeed, LevelCounter, lowSeed, mixed, textHash } from './level-counter.js';
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
  #low = 0;
  #high = 0;

  /** @param rowsBefore rows that were taken in before the column was first seen */
  constructor(index: number, rowsBefore: number) {
    this.evidence.addBlank(rowsBefore);
    this.#index = index;
    this.#salt = mixed(index + 1);
  }

  takeIn(
    rows: readonly (readonly (string | null)[])[],
    packer: ColumnPacker,
    hashes: RowHashes,
  ): StoredColumn {
    // What the rows before were like; a column that repeats itself only later is stored a little larger.
    const areDistinct = !this.levels.isExact || this.levels.distinct > this.evidence.values / 2;
    const stored = packer.pack(rows, this.#index, this.evidence.values > 0 && areDistinct);
    if (stored.kind === 'texts') this.#addTexts(stored, hashes);
    else if (packer.hasLong) this.#addLongNumbers(rows, hashes);
    else this.#addNumbers(rows, packer, hashes);
    return stored;
  }

  #addNumbers(rows: readonly (readonly (string | null)[])[], packer: ColumnPacker, hashes: RowHashes): void {
    const { digits, decimals } = packer;
    const { evidence, levels } = this;
    let blank = 0;
    let integers = 0;
    let zeroOne = 0;
    let thousands = 0;
    for (let row = 0; row < rows.length; row++) {
      const places = decimals[row];
      if (places === blankDecimals) {
        blank++;
        continue;
      }
      const value = digits[row];
      if (places === 0) {
        integers++;
        if (value === 0 || value === 1) zeroOne++;
      } else if (places === 3 && looksLikeThousands(value)) thousands++;
      const low = numberHash(value, places);
      const high = numberHash(value, places + 100);
      levels.addNumber(value, places, 1, low, high);
      this.#addToRow(hashes, row, low, high);
    }
    evidence.addBlank(blank);
    evidence.addPlain({ integers, zeroOne, thousands, decimals: rows.length - blank - integers });
  }

  #addLongNumbers(rows: readonly (readonly (string | null)[])[], hashes: RowHashes): void {
    for (let row = 0; row < rows.length; row++) {
      const text = rows[row][this.#index] ?? '';
      if (text === '') {
        this.evidence.addBlank(1);
        continue;
      }
      this.#addText(text, 1);
      this.#addToRow(hashes, row, this.#low, this.#high);
    }
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
      this.#addText(trimmed, counts[code]);
      low[code] = this.#low;
      high[code] = this.#high;
    });
    for (let row = 0; row < codes.length; row++) {
      const code = codes[row];
      if (isBlank[code] === 0) this.#addToRow(hashes, row, low[code], high[code]);
    }
  }

  /** Leaves the hashes of the text in `#low` and `#high`. */
  #addText(text: string, count: number): void {
    const scanned = this.#scanned;
    const scan = scanPlain(text, scanned);
    if (scan === plain) {
      const { digits, decimals } = scanned;
      this.#low = numberHash(digits, decimals);
      this.#high = numberHash(digits, decimals + 100);
      this.evidence.addPlainNumber(digits, decimals, count);
      this.levels.addNumber(digits, decimals, count, this.#low, this.#high);
      return;
    }
    this.#low = textHash(text, lowSeed);
    this.#high = textHash(text, highSeed);
    if (scan === long) this.evidence.addLongNumber(text, count);
    else this.evidence.addText(text, count);
    this.levels.addText(text, count, this.#low, this.#high);
  }

  #addToRow({ low, high }: RowHashes, row: number, cellLow: number, cellHigh: number): void {
    low[row] = Math.imul(low[row] ^ (cellLow + this.#salt), 0x9e3779b1);
    high[row] = Math.imul(high[row] ^ (cellHigh + this.#salt), 0x85ebca6b);
  }
}

/** Of the digits of a plain number; another `tag` gives an independent hash. */
function numberHash(digits: number, tag: number): number {
  const high = (digits / 2 ** 32) | 0;
  return mixed((digits | 0) ^ Math.imul(high, 0x9e3779b1) ^ Math.imul(tag + 1, 0x85ebca6b));
}
