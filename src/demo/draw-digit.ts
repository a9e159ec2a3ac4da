/** Images of digits as text. */

const shades = ' ░▒▓█';

/** Two pixels above each other make one character. `pixels` (width, width), row-major, 0 to 255. */
export function drawDigit(pixels: readonly number[], width: number): string[] {
  const at = (row: number, column: number): number => pixels[row * width + column] ?? 0;
  return Array.from({ length: Math.ceil(width / 2) }, (_, line) =>
    Array.from({ length: width }, (_, column) => {
      const grey = (at(2 * line, column) + at(2 * line + 1, column)) / 2;
      return shades.charAt(Math.round((grey / 255) * (shades.length - 1)));
    }).join(''),
  );
}

export interface Picture {
  lines: string[];
  caption: string;
}

/** The pictures in rows of as many as the width allows, each with its caption below. */
export function besideEachOther(pictures: readonly Picture[], columns: number): string {
  const width = Math.max(
    ...pictures.flatMap(({ lines, caption }) => [...lines, caption].map((line) => line.length)),
  );
  const perRow = Math.max(1, Math.floor((columns + 2) / (width + 2)));
  const rows: string[] = [];
  for (let first = 0; first < pictures.length; first += perRow) {
    const row = pictures.slice(first, first + perRow).map(({ lines, caption }) => [...lines, caption]);
    const height = Math.max(...row.map((lines) => lines.length));
    for (let line = 0; line < height; line++) {
      rows.push(
        row
          .map((lines) => (lines[line] ?? '').padEnd(width))
          .join('  ')
          .trimEnd(),
      );
    }
    rows.push('');
  }
  return rows.join('\n');
}
