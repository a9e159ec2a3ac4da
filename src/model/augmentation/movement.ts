/**
 * Where a picture's pixels come from, and how much wider or narrower its strokes become. Besides whole numbers only sums,
 * products and quotients of float64, which have the same bits on every machine.
 */
import type { Augmentation } from './amounts.js';
import { place, signed } from './draws.js';
import type { PictureSize } from './picture-memory.js';

/** Writes what the kernels need to know of a picture, (changesOfPicture), by its draws, (drawsOfPicture). */
type WriteMovement = (draws: Uint16Array, from: number, changes: Int32Array, to: number) => void;

export function movementsBy(
  { shift, rotation, scale, shear, stroke }: Augmentation,
  { width, height }: PictureSize,
): WriteMovement {
  const halfTangent = tangent(((rotation / 2) * 3.141592653589793) / 180);
  const side = Math.max(width, height);
  const middleX = (width - 1) / 2;
  const middleY = (height - 1) / 2;
  return (draws, from, changes, to) => {
    const draw = (what: number): number => signed(draws[from + what]);
    const t = halfTangent * draw(place.rotation);
    const cos = (1 - t * t) / (1 + t * t);
    const sin = (2 * t) / (1 + t * t);
    const size = 1 + scale * draw(place.scale);
    const across = 1 / (size * (1 + (scale / 2) * draw(place.scaleX)));
    const down = 1 / (size * (1 + (scale / 2) * draw(place.scaleY)));
    const slant = shear * draw(place.shear);
    const columnX = fixed(cos * across);
    const columnY = fixed(sin * down);
    const rowX = fixed((slant * cos - sin) * across);
    const rowY = fixed((slant * sin + cos) * down);
    const toX = middleX + shift * side * draw(place.shiftX);
    const toY = middleY + shift * side * draw(place.shiftY);
    changes[to] = Math.round(65536 * middleX - toX * columnX - toY * rowX);
    changes[to + 1] = Math.round(65536 * middleY - toX * columnY - toY * rowY);
    changes[to + 2] = columnX;
    changes[to + 3] = columnY;
    changes[to + 4] = rowX;
    changes[to + 5] = rowY;
    changes[to + 6] = Math.round(256 * stroke * draw(place.stroke));
  };
}

function fixed(number: number): number {
  return Math.round(65536 * number);
}

/** Taylor's series: Math.tan may differ between machines. Within 0.0001 up to half of 45 degrees. */
function tangent(angle: number): number {
  const square = angle * angle;
  return angle * (1 + square * (1 / 3 + square * (2 / 15 + (square * 17) / 315)));
}
