/** The plane: what the network answers at each place, and the points over it. */
import { PaintedCanvas } from '../../parts/painted-canvas.js';
import { pixelImage, signedImage, largestOf } from '../../parts/pixel-image.js';
import { cssColour, mixed, signedColours, themeColour, type Rgb } from '../../parts/theme-colours.js';
import type { Forward } from '../../network/forward.js';
import { gridSide, placeIn, type Plane } from './plane.js';
import type { PointSet } from './points.js';

/** What is painted: the answer, or what one hidden unit says. */
export type Shown = 'answer' | { layer: number; unit: number };

export interface DecisionSurfaceProps {
  set: PointSet;
  plane: Plane;
  heldOut: ReadonlySet<number> | null;
  /** Over the grid; null: nothing has been learnt yet. */
  pass: Forward | null;
  shown: Shown;
  label: string;
}

export function DecisionSurface({ set, plane, heldOut, pass, shown, label }: DecisionSurfaceProps) {
  const paint = (context: CanvasRenderingContext2D, width: number): void => {
    const surface = themeColour('--surface');
    const classes = set.labels.map((_, i) => classColour(i));
    context.fillStyle = cssColour(surface);
    context.fillRect(0, 0, width, width);
    if (pass) {
      context.imageSmoothingEnabled = true;
      context.imageSmoothingQuality = 'high';
      const image = shown === 'answer' ? answerImage(pass, classes, surface) : unitImage(pass, shown);
      context.drawImage(image, 0, 0, width, width);
    }
    paintPoints(context, { set, plane, heldOut, classes, width });
  };
  return (
    <PaintedCanvas
      class="surface"
      label={label}
      ratio={1}
      paint={paint}
      inputs={[set, heldOut, pass, shown]}
    />
  );
}

export function classColour(index: number): Rgb {
  return themeColour(`--curve-${index + 1}`);
}

/** The colour of the likeliest class, the paler the less certain it is. */
function answerImage({ results }: Forward, classes: readonly Rgb[], surface: Rgb): HTMLCanvasElement {
  const count = classes.length;
  return pixelImage(gridSide, gridSide, (place) => {
    let best = 0;
    for (let c = 1; c < count; c++) {
      if ((results[place * count + c] ?? 0) > (results[place * count + best] ?? 0)) best = c;
    }
    const certainty = ((results[place * count + best] ?? 0) - 1 / count) / (1 - 1 / count);
    return mixed(surface, classes[best] ?? surface, 0.06 + 0.44 * certainty);
  });
}

export function unitImage(
  { hidden }: Forward,
  { layer, unit }: { layer: number; unit: number },
): HTMLCanvasElement {
  const all = hidden[layer] ?? new Float32Array();
  const units = all.length / gridSide ** 2;
  const values = Float32Array.from({ length: gridSide ** 2 }, (_, place) => all[place * units + unit] ?? 0);
  return signedImage(values, {
    width: gridSide,
    height: gridSide,
    largest: largestOf(values),
    colours: signedColours(),
  });
}

/** Points that are learnt from are discs, those held out are diamonds. */
function paintPoints(
  context: CanvasRenderingContext2D,
  {
    set,
    plane,
    heldOut,
    classes,
    width,
  }: Pick<DecisionSurfaceProps, 'set' | 'plane' | 'heldOut'> & { classes: readonly Rgb[]; width: number },
): void {
  const radius = Math.max(2.2, width / 150);
  context.lineWidth = 1;
  for (const [row, point] of set.points.entries()) {
    const [x, y] = placeIn(plane, point).map((share) => share * width) as [number, number];
    const colour = classes[set.labels.indexOf(point.label)] ?? [128, 128, 128];
    const isHeldOut = heldOut?.has(row) === true;
    context.beginPath();
    if (isHeldOut) {
      const reach = radius * 1.5;
      context.moveTo(x, y - reach);
      context.lineTo(x + reach, y);
      context.lineTo(x, y + reach);
      context.lineTo(x - reach, y);
      context.closePath();
    } else context.arc(x, y, radius, 0, 2 * Math.PI);
    context.fillStyle = cssColour(colour);
    context.fill();
    context.strokeStyle = cssColour(isHeldOut ? themeColour('--text') : themeColour('--surface'), 0.9);
    context.stroke();
  }
}
