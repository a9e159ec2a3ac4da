/** What each unit of the first layer of a table's model looks at: its weights, by column. */
import type { NetworkModel } from '../../network/network-model.js';
import { formatNumber } from '../../parts/format.js';
import { largestOf, signedImage } from '../../parts/pixel-image.js';
import { PaintedCanvas } from '../../parts/painted-canvas.js';
import { signedColours } from '../../parts/theme-colours.js';

/** More inputs than this are not shown, the weakest last. */
const mostInputs = 60;

export function WeightTable({ network }: { network: NetworkModel }) {
  const first = network.members[0]?.[0];
  if (!first) return null;
  const names = network.inputNames ?? Array.from({ length: network.inputs }, (_, i) => `input ${i + 1}`);
  const ofInput = (input: number): Float32Array =>
    Float32Array.from({ length: first.units }, (_, unit) => first.weights[unit * first.inputs + input] ?? 0);
  const rows = names
    .map((name, input) => ({ name, weights: ofInput(input) }))
    .map((row) => ({ ...row, size: Math.hypot(...row.weights) }))
    .sort((one, other) => other.size - one.size)
    .slice(0, mostInputs);
  const largest = Math.max(...rows.map(({ weights }) => largestOf(weights)));
  return (
    <>
      <div class="table-frame">
        <table class="weight-table">
          <thead>
            <tr>
              <th scope="col">Input</th>
              <th scope="col">Its weight to each of the {first.units} units</th>
              <th scope="col" class="number">
                Strength
              </th>
            </tr>
          </thead>
          <tbody>
            {rows.map(({ name, weights, size }) => (
              <tr key={name}>
                <th scope="row">{name}</th>
                <td>
                  <PaintedCanvas
                    class="weight-row"
                    label={`Weights of ${name}, from ${formatNumber(Math.min(...weights), 2)} to ${formatNumber(Math.max(...weights), 2)}.`}
                    heightPx={18}
                    paint={(context, width, height) => {
                      context.imageSmoothingEnabled = false;
                      const image = signedImage(weights, {
                        width: weights.length,
                        height: 1,
                        largest,
                        colours: signedColours(),
                      });
                      context.drawImage(image, 0, 0, width, height);
                    }}
                    inputs={[network]}
                  />
                </td>
                <td class="number">{formatNumber(size, 3)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {names.length > rows.length && (
        <p class="small muted">
          The {rows.length} strongest of {names.length} inputs.
        </p>
      )}
    </>
  );
}
