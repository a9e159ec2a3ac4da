/** A digit to try /predict with, as numbers and as image files: the first image of MNIST's test split, a seven. */

const side = 28;
const firstRow = 7;
const firstColumn = 6;

/** The part that is not blank, row by row: two hexadecimal digits a pixel, '..' for 0. */
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

/** (784), row-major, 0 to 255 */
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

/** The digit as a PNG file, in base64. */
export const examplePng = [
  'iVBORw0KGgoAAAANSUhEUgAAABwAAAAcCAAAAABXZoBIAAAAp0lEQVR42mNgGG4gZOf86TYqOCTv/fv379/HY1CwygRF0rnIo2jx',
  '438P//379+vpv389mNoFnficnZ2tRd/8y8Jpf/Dfi0K45MRe/g/GqbHx3zsdXHLWP//Z4dTY+m83Ky45zrM/rHBqrPu3Daec9+8P',
  'lrjkhO/+W4ZLjvn0v9vKuCTV/v3zxSUn/+BfMSNuL/4zwSVn+wmPZOW/f7c1cEueFyIhZQEA6EVIFw29YvYAAAAASUVORK5CYII=',
].join('');

/** The digit as a JPEG file, in base64. */
export const exampleJpeg = [
  '/9j/4AAQSkZJRgABAQAAAQABAAD/2wBDAAgGBgcGBQgHBwcJCQgKDBQNDAsLDBkSEw8UHRofHh0aHBwgJC4nICIsIxwcKDcpLDAx',
  'NDQ0Hyc5PTgyPC4zNDL/wAALCAAcABwBAREA/8QAGgAAAgIDAAAAAAAAAAAAAAAAAAYCBwMEBf/EACoQAAEDBAEDAgYDAAAAAAAA',
  'AAECAwQABQYRMQcSIRNRFCNBQmGRcoHx/9oACAEBAAA/AKDYjvSn0MR2XHnlnSG20lSlH2AHNSkw5MJ0tS4zzDg+x1BSf0aw0VtW',
  '25TbPcGZ9ukuRpbJJbdbOlJ2CDr+iRTdF6vZvGaS2q8fEpSdgymG3TxxtSSf8po6j5BcEdPLRab85GkX25LFwdSiOhBiMa02gdoA',
  '2rRJ+vI9qp+injp1jMK4yJuQ35Khj1lR68nSd+svY7Gh/I8/rxvdL2T3+Tk+RzbxKHauQ5tKBw2geEpH4AAFciimVrObvHwZzEWB',
  'GatzrxeeWlv5rvkHtKida2BwAfHNLVFf/9k=',
].join('');
