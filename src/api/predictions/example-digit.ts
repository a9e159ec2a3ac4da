/** A digit to try /predict with: the first image of MNIST's test split, a seven. */

const side = 28;
const firstRow = 7;
const firstColumn = 6;

/** The part that is not blank, row by row; two hexadecimal digits a pixel, '..' for 0. */
const ink = [
  '54b99f973c24....................',
  'defefefefef1c6c6c6c6c6c6c6c6aa34',
  '43724872a3e3fee1fefefefae5fefe8c',
  '..........11420e4343433b15ecfe6a',
  '........................53fdd112',
  '......................16e9ff53..',
  '......................81feee2c..',
  '....................3bf9fe3e....',
  '....................85febb05....',
  '..................09cdf83a......',
  '..................7efeb6........',
  '................4bfbf039........',
  '..............13ddfea6..........',
  '............03cbfedb23..........',
  '............26fefe4d............',
  '..........1fe0fe7301............',
  '..........85fefe34..............',
  '........3df2fefe34..............',
  '........79fefedb28..............',
  '........79fecf12................',
];

/** (784), row-major, 0 to 255. */
export const exampleDigit: readonly number[] = drawDigit();

function drawDigit(): number[] {
  const pixels = new Array<number>(side * side).fill(0);
  for (const [row, line] of ink.entries()) {
    const bytes = Buffer.from(line.replaceAll('.', '0'), 'hex');
    for (const [column, grey] of bytes.entries()) {
      pixels[(firstRow + row) * side + firstColumn + column] = grey;
    }
  }
  return pixels;
}
