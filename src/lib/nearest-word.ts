/** Guesses the word that was meant by a mistyped one. */

/** The word nearest to what was written, if it is near enough to be meant. */
export function nearestTo(written: string, words: readonly string[]): string | undefined {
  const wanted = simplified(written);
  // One slip in four letters, two in eight. A text much longer or shorter than a word is not compared with it.
  const mostSlips = Math.min(2, Math.max(1, Math.floor(wanted.length / 4)));
  let nearest: string | undefined;
  let fewest = mostSlips + 1;
  for (const word of words) {
    if (Math.abs(word.length - written.length) > mostSlips + 2) continue;
    const slips = slipsBetween(wanted, simplified(word));
    if (slips < fewest) [nearest, fewest] = [word, slips];
  }
  return nearest;
}

/** Case, and the marks between words, do not count: batchSize and batch-size are the same. */
function simplified(word: string): string {
  return word.toLowerCase().replaceAll(/[^a-z\d]/g, '');
}

/** How many letters are missing, added, replaced or swapped with the next (optimal string alignment distance). */
function slipsBetween(a: string, b: string): number {
  let before: number[] = [];
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1] ? 0 : 1;
      let least = Math.min(at(row, j) + 1, at(next, j - 1) + 1, at(row, j - 1) + same);
      if (a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) least = Math.min(least, at(before, j - 2) + 1);
      next.push(least);
    }
    [before, row] = [row, next];
  }
  return at(row, b.length);
}

function at(row: readonly number[], index: number): number {
  return row[index] ?? Infinity;
}
