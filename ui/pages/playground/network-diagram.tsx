/** The network as it is: its units, each with what it says over the plane, and the weights between them. */
import type { Forward } from '../../network/forward.js';
import type { DenseLayer, NetworkModel } from '../../network/network-model.js';
import { PaintedCanvas } from '../../parts/painted-canvas.js';
import { largestOf } from '../../parts/pixel-image.js';
import { cssColour, signedColours, themeColour } from '../../parts/theme-colours.js';
import { classColour, unitImage, type Shown } from './decision-surface.js';

const tile = 38;
const gap = 8;
/** More units than this are not drawn. */
const mostUnits = 8;
/** More inputs than this are drawn as one bundle. */
const mostInputs = 2;

interface Place {
  x: number;
  y: number;
}

export function NetworkDiagram({
  network,
  pass,
  labels,
  shown,
  onShow,
}: {
  network: NetworkModel;
  pass: Forward;
  labels: readonly string[];
  shown: Shown;
  onShow: (shown: Shown) => void;
}) {
  const layers = network.members[0] ?? [];
  const counts = columnCounts(network, layers);
  const height = Math.max(...counts.map((count) => count * (tile + gap)), tile + gap) + 4;

  const paint = (context: CanvasRenderingContext2D, actualWidth: number, actualHeight: number): void => {
    const columns = placesOf(counts, actualWidth, actualHeight);
    context.clearRect(0, 0, actualWidth, actualHeight);
    layers.forEach((layer, index) =>
      paintWeights(context, layer, { from: columns[index] ?? [], to: columns[index + 1] ?? [] }),
    );
    paintInputs(context, columns[0] ?? [], network.inputs);
    columns.slice(1, -1).forEach((column, layer) => paintUnits(context, column, { pass, layer, shown }));
    paintOutputs(context, columns.at(-1) ?? [], labels);
  };
  const onPointerMove = (event: PointerEvent): void => {
    const {
      left,
      top,
      width: boxWidth,
      height: boxHeight,
    } = (event.currentTarget as HTMLElement).getBoundingClientRect();
    const columns = placesOf(counts, boxWidth, boxHeight);
    onShow(unitAt(columns, { x: event.clientX - left, y: event.clientY - top }));
  };
  return (
    <PaintedCanvas
      class="network-diagram"
      label={`The network: ${network.inputs} inputs, hidden layers of ${counts.slice(1, -1).join(', ') || 'no'} units, ${labels.length} classes.`}
      heightPx={height}
      paint={paint}
      inputs={[network, pass, shown]}
      onPointerMove={onPointerMove}
      onPointerLeave={() => onShow('answer')}
    />
  );
}

/** Inputs, units of each hidden layer, outputs: as many as are drawn. */
function columnCounts({ inputs }: NetworkModel, layers: readonly DenseLayer[]): number[] {
  return [inputs > mostInputs ? 1 : inputs, ...layers.map(({ units }) => Math.min(units, mostUnits))];
}

/** The middle of each tile. */
function placesOf(counts: readonly number[], width: number, height: number): Place[][] {
  const step = (width - tile - 4) / Math.max(1, counts.length - 1);
  return counts.map((count, column) =>
    Array.from({ length: count }, (_, row) => ({
      x: 2 + tile / 2 + column * step,
      y: height / 2 + (row - (count - 1) / 2) * (tile + gap),
    })),
  );
}

function unitAt(columns: readonly Place[][], at: Place): Shown {
  for (const [column, places] of columns.slice(1, -1).entries()) {
    const unit = places.findIndex(
      ({ x, y }) => Math.abs(x - at.x) <= tile / 2 && Math.abs(y - at.y) <= tile / 2,
    );
    if (unit >= 0) return { layer: column, unit };
  }
  return 'answer';
}

/** The thicker the stronger; the colour says whether it is above or below 0. */
function paintWeights(
  context: CanvasRenderingContext2D,
  layer: DenseLayer,
  { from, to }: { from: readonly Place[]; to: readonly Place[] },
): void {
  const { above, below } = signedColours();
  const largest = largestOf(layer.weights);
  const isBundle = layer.inputs > from.length && from.length === 1;
  for (const [unit, end] of to.entries()) {
    for (const [input, start] of from.entries()) {
      const weight = isBundle ? 0 : (layer.weights[unit * layer.inputs + input] ?? 0);
      const strength = largest > 0 ? Math.abs(weight) / largest : 0;
      context.strokeStyle = isBundle
        ? cssColour(themeColour('--line'))
        : cssColour(weight < 0 ? below : above, 0.15 + 0.75 * strength);
      context.lineWidth = isBundle ? 1 : 0.5 + 4.5 * strength;
      const middle = (start.x + end.x) / 2;
      context.beginPath();
      context.moveTo(start.x + tile / 2, start.y);
      context.bezierCurveTo(middle, start.y, middle, end.y, end.x - tile / 2, end.y);
      context.stroke();
    }
  }
}

function paintUnits(
  context: CanvasRenderingContext2D,
  places: readonly Place[],
  { pass, layer, shown }: { pass: Forward; layer: number; shown: Shown },
): void {
  for (const [unit, { x, y }] of places.entries()) {
    context.drawImage(unitImage(pass, { layer, unit }), x - tile / 2, y - tile / 2, tile, tile);
    const isShown = shown !== 'answer' && shown.layer === layer && shown.unit === unit;
    frame(context, { x, y }, isShown ? '--text' : '--muted', isShown ? 2.5 : 1);
  }
}

function paintInputs(context: CanvasRenderingContext2D, places: readonly Place[], inputs: number): void {
  const names = inputs > mostInputs ? [`${inputs}`] : ['x', 'y'];
  for (const [i, place] of places.entries()) {
    box(context, place, cssColour(themeColour('--raised')));
    text(context, place, names[i] ?? '', cssColour(themeColour('--text')));
  }
}

function paintOutputs(
  context: CanvasRenderingContext2D,
  places: readonly Place[],
  labels: readonly string[],
): void {
  for (const [i, place] of places.entries()) {
    box(context, place, cssColour(classColour(i), 0.25));
    text(context, place, labels[i] ?? '', cssColour(themeColour('--text')));
  }
}

function box(context: CanvasRenderingContext2D, place: Place, fill: string): void {
  context.fillStyle = fill;
  context.fillRect(place.x - tile / 2, place.y - tile / 2, tile, tile);
  frame(context, place, '--muted', 1);
}

function frame(context: CanvasRenderingContext2D, { x, y }: Place, colour: string, width: number): void {
  context.strokeStyle = cssColour(themeColour(colour));
  context.lineWidth = width;
  context.strokeRect(x - tile / 2, y - tile / 2, tile, tile);
}

function text(context: CanvasRenderingContext2D, { x, y }: Place, words: string, colour: string): void {
  context.fillStyle = colour;
  context.font = '600 14px system-ui';
  context.textAlign = 'center';
  context.textBaseline = 'middle';
  context.fillText(words, x, y);
}
