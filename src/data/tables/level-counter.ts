/**
 * Counts how often each distinct text of a column occurs: exactly up to a bound, beyond it by an estimate of how many there
 * are. Memory is bounded whatever the column holds.
 */
import { powersOfTen } from '../../lib/cells/number-text.js';
import type { Level } from '../table-schema.js';
import { DistinctEstimate } from './distinct-estimate.js';

/** Up to so many distinct texts all are counted. */
const mostExactDistinct = 10_000;

/** Of more, so many of the commonest that have been seen are still counted, and only those seen this often by then. */
const mostKept = 1_000;
const leastKept = 10;

/** Plain numbers have a table of their own, keyed by their digits: no text is made for them. */
export class LevelCounter {
  #texts = new Map<string, number>();
  #numbers = new NumberCounts(64);
  #estimate: DistinctEstimate | null = null;

  /** Whether all distinct texts have been counted. */
  get isExact(): boolean {
    return this.#estimate === null;
  }

  get distinct(): number {
    return this.#estimate?.count() ?? this.#texts.size + this.#numbers.size;
  }

  /** A plain number, with the two hashes of its cell. */
  addNumber(digits: number, decimals: number, count: number, low: number, high: number): void {
    if (this.#estimate !== null) {
      this.#estimate.add(low, high);
      if (this.#numbers.size > 0) this.#numbers.addIfKnown(digits, decimals, count, low);
      return;
    }
    this.#numbers.add(digits, decimals, count, low, high);
    if (this.#numbers.size + this.#texts.size > mostExactDistinct) this.#overflow();
  }

  /** A trimmed text that is no plain number, with its two hashes. */
  addText(text: string, count: number, low: number, high: number): void {
    const known = this.#texts.size === 0 ? undefined : this.#texts.get(text);
    if (known !== undefined) {
      this.#texts.set(text, known + count);
      return;
    }
    if (this.#estimate !== null) {
      this.#estimate.add(low, high);
      return;
    }
    // The text may be a slice of a far longer one, which it would keep in memory.
    this.#texts.set(Buffer.from(text, 'utf16le').toString('utf16le'), count);
    if (this.#numbers.size + this.#texts.size > mostExactDistinct) this.#overflow();
  }

  /** All levels that are counted, the commonest first. */
  levels(): Level[] {
    const levels = [...this.#texts].map(([value, count]) => ({ value, count }));
    this.#numbers.forEach((digits, decimals, count) => {
      levels.push({ value: (digits / powersOfTen[decimals]).toFixed(decimals), count });
    });
    return levels.sort((a, b) => b.count - a.count || (a.value < b.value ? -1 : 1));
  }

  #overflow(): void {
    const estimate = new DistinctEstimate();
    this.#numbers.forEach((_digits, _decimals, _count, low, high) => {
      estimate.add(low, high);
    });
    for (const text of this.#texts.keys()) {
      estimate.add(textHash(text, lowSeed), textHash(text, highSeed));
    }
    this.#estimate = estimate;
    this.#keepCommonest();
  }

  #keepCommonest(): void {
    const counts = [...this.#texts.values()];
    this.#numbers.forEach((_digits, _decimals, count) => {
      counts.push(count);
    });
    counts.sort((a, b) => b - a);
    const least = Math.max(leastKept, (counts[mostKept] ?? 0) + 1);
    const numbers = new NumberCounts(64);
    this.#numbers.forEach((digits, decimals, count, low, high) => {
      if (count >= least) numbers.add(digits, decimals, count, low, high);
    });
    this.#numbers = numbers;
    this.#texts = new Map([...this.#texts].filter(([, count]) => count >= least));
  }
}

/** A hash table with open addressing, since a Map of such keys would need an object for each. */
class NumberCounts {
  size = 0;
  #mask: number;
  #digits: Float64Array;
  #decimals: Uint8Array;
  /** 0: the slot is free. */
  #counts: Float64Array;
  #low: Int32Array;
  #high: Int32Array;

  /** @param slots a power of two */
  constructor(slots: number) {
    this.#mask = slots - 1;
    this.#digits = new Float64Array(slots);
    this.#decimals = new Uint8Array(slots);
    this.#counts = new Float64Array(slots);
    this.#low = new Int32Array(slots);
    this.#high = new Int32Array(slots);
  }

  add(digits: number, decimals: number, count: number, low: number, high: number): void {
    const slot = this.#slotOf(digits, decimals, low);
    if (this.#counts[slot] === 0) {
      this.size++;
      this.#digits[slot] = digits;
      this.#decimals[slot] = decimals;
      this.#low[slot] = low;
      this.#high[slot] = high;
    }
    this.#counts[slot] += count;
    if (this.size * 2 > this.#mask) this.#grow();
  }

  addIfKnown(digits: number, decimals: number, count: number, low: number): void {
    const slot = this.#slotOf(digits, decimals, low);
    if (this.#counts[slot] > 0) this.#counts[slot] += count;
  }

  forEach(visit: (digits: number, decimals: number, count: number, low: number, high: number) => void): void {
    for (let slot = 0; slot <= this.#mask; slot++) {
      const count = this.#counts[slot];
      if (count > 0)
        visit(this.#digits[slot], this.#decimals[slot], count, this.#low[slot], this.#high[slot]);
    }
  }

  #slotOf(digits: number, decimals: number, low: number): number {
    let slot = low & this.#mask;
    while (this.#counts[slot] > 0 && !(this.#digits[slot] === digits && this.#decimals[slot] === decimals))
      slot = (slot + 1) & this.#mask;
    return slot;
  }

  #grow(): void {
    const larger = new NumberCounts((this.#mask + 1) * 2);
    this.forEach((digits, decimals, count, low, high) => {
      larger.add(digits, decimals, count, low, high);
    });
    this.#mask = larger.#mask;
    this.#digits = larger.#digits;
    this.#decimals = larger.#decimals;
    this.#counts = larger.#counts;
    this.#low = larger.#low;
    this.#high = larger.#high;
  }
}

/** The seeds of the two hashes of a text. */
export const lowSeed = 0x811c9dc5;
export const highSeed = 0x5bd1e995;

/** 32 bits, two units of UTF-16 at a time; another seed gives an independent hash. */
export function textHash(text: string, seed: number): number {
  const { length } = text;
  let hash = seed ^ length;
  let at = 0;
  for (; at + 1 < length; at += 2) {
    hash = Math.imul(hash ^ (text.charCodeAt(at) | (text.charCodeAt(at + 1) << 16)), 0x9e3779b1);
    hash ^= hash >>> 15;
  }
  if (at < length) hash = Math.imul(hash ^ text.charCodeAt(at), 0x9e3779b1);
  return mixed(hash ^ seed);
}

/** The finaliser of MurmurHash3: each bit of the input changes each bit of the output with probability one half. */
export function mixed(word: number): number {
  let hash = word ^ (word >>> 16);
  hash = Math.imul(hash, 0x85ebca6b);
  hash ^= hash >>> 13;
  hash = Math.imul(hash, 0xc2b2ae35);
  return hash ^ (hash >>> 16);
}
