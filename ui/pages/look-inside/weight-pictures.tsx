/** What each unit of the first layer looks for: its weights as a picture of the same size as the input. */
import type { NetworkModel } from '../../network/network-model.js';
import { PaintedCanvas } from '../../parts/painted-canvas.js';
import { largestOf, signedImage } from '../../parts/pixel-image.js';
import { signedColours, type SignedColours } from '../../parts/theme-colours.js';

/** More units than this are not shown. */
const mostUnits = 256;
const columns = 16;

export function WeightPictures({ network }: { network: NetworkModel }) {
  const units = network.members[0]?.[0]?.units ?? 0;
  const shown = Math.min(units, mostUnits);
  const rows = Math.ceil(shown / columns);
  const paint = (context: CanvasRenderingContext2D, width: number): void => {
    const tile = width / columns;
    const picture = weightPainter(network);
    context.clearRect(0, 0, width, rows * tile);
    for (let unit = 0; unit < shown; unit++) {
      const [x, y] = [(unit % columns) * tile, Math.floor(unit / columns) * tile];
      context.drawImage(picture(unit), x + 0.5, y + 0.5, tile - 1.5, tile - 1.5);
    }
  };
  return (
    <>
      <PaintedCanvas
        class="weight-pictures"
        label={`The weights of ${shown} units of the first layer, each as a picture.`}
        ratio={columns / Math.max(1, rows)}
        paint={paint}
        inputs={[network]}
      />
      {units > shown && (
        <p class="small muted">
          The first {shown} of {units} units.
        </p>
      )}
    </>
  );
}

/** One unit, larger. */
export function WeightPicture({ network, unit }: { network: NetworkModel; unit: number }) {
  const paint = (context: CanvasRenderingContext2D, width: number): void => {
    context.imageSmoothingEnabled = false;
    context.drawImage(weightPainter(network)(unit), 0, 0, width, width);
  };
  return (
    <PaintedCanvas
      class="weight-picture"
      label={`The weights of unit ${unit + 1}.`}
      ratio={1}
      paint={paint}
      inputs={[network, unit]}
    />
  );
}

/** The weights of all units have one scale, so that they can be compared. The few strongest do not make the others pale. */
function weightPainter(network: NetworkModel): (unit: number) => HTMLCanvasElement {
  const first = network.members[0]?.[0];
  const weights = first?.weights ?? new Float32Array();
  const side = Math.sqrt(network.inputs);
  const colours: SignedColours = signedColours();
  const largest = Math.min(largestOf(weights), 4 * meanSize(weights));
  return (unit) =>
    signedImage(weights.subarray(unit * network.inputs, (unit + 1) * network.inputs), {
      width: side,
      height: side,
      largest,
      colours,
    });
}

function meanSize(weights: Float32Array): number {
  let sum = 0;
  for (const weight of weights) sum += Math.abs(weight);
  return weights.length === 0 ? 0 : sum / weights.length;
}

/** Whether its inputs are the pixels of a square picture. */
export function takesPictures({ inputs, inputNames }: NetworkModel): boolean {
  return inputNames === null && inputs >= 64 && Number.isInteger(Math.sqrt(inputs));
}
