/**
 * Decodes PNG to grey: every colour type and depth, interlaced or not (https://www.w3.org/TR/png-3/, section 13).
 */
import { orientationOf, upright } from './exif.js';
import { invalidImage, luma, type GreyImage } from './grey-image.js';
import { readPng, type Png } from './png-chunks.js';
import { forEachRow, onWhite, sampleReader, transparentColour, type ReadSample } from './png-rows.js';

/** @throws TrainyardError IMAGE_INVALID, IMAGE_TOO_LARGE */
export function decodePng(bytes: Uint8Array): GreyImage {
  const png = readPng(bytes);
  const { width, height } = png.header;
  const readGrey = greyReader(png);
  let grey = new Uint8Array();
  forEachRow(png, (row, pass, y) => {
    // Only once the pixels are known to be there.
    if (grey.length === 0) grey = new Uint8Array(width * height);
    let pixel = y * width + pass.x;
    for (let index = 0; index < pass.width; index++) {
      grey[pixel] = Math.round(readGrey(row, index));
      pixel += pass.acrossStep;
    }
  });
  const image = { width, height, grey };
  return png.exif ? upright(image, orientationOf(png.exif)) : image;
}

/** The grey level of pixel `index` in a row. */
function greyReader(png: Png): ReadSample {
  const { depth, colour } = png.header;
  const sample = sampleReader(depth);
  const largest = 2 ** depth - 1;
  const scale = 255 / largest;
  const [transparentRed, transparentGreen, transparentBlue] = transparentColour(png, largest);
  switch (colour) {
    case 0:
      return (row, index) => {
        const value = sample(row, index);
        return value === transparentRed ? 255 : value * scale;
      };
    case 2:
      return (row, index) => {
        const red = sample(row, 3 * index);
        const green = sample(row, 3 * index + 1);
        const blue = sample(row, 3 * index + 2);
        const isTransparent =
          red === transparentRed && green === transparentGreen && blue === transparentBlue;
        return isTransparent ? 255 : luma(red, green, blue) * scale;
      };
    case 3: {
      const shades = shadesOf(png);
      return (row, index) => {
        const shade = shades[sample(row, index)] as number | undefined;
        if (shade === undefined) throw invalidImage('PNG', 'it has a colour that is not in its palette');
        return shade;
      };
    }
    case 4:
      return (row, index) => onWhite(sample(row, 2 * index) * scale, sample(row, 2 * index + 1) / largest);
    case 6:
      return (row, index) => {
        const first = 4 * index;
        const level = luma(sample(row, first), sample(row, first + 1), sample(row, first + 2));
        return onWhite(level * scale, sample(row, first + 3) / largest);
      };
  }
}

/** The grey level of each colour in the palette. */
function shadesOf({ palette, transparency }: Png): number[] {
  return Array.from({ length: palette.length / 3 }, (_, colour) => {
    const [red, green, blue] = palette.subarray(3 * colour);
    return onWhite(luma(red, green, blue), (transparency?.[colour] ?? 255) / 255);
  });
}
