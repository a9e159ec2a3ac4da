/** Warns of pictures without ink: a network answers them too, and its answer means nothing. */
import type { PredictionWarning } from './table-reader.js';
import type { AnsweringModel } from './loaded-model.js';

/** Fewer inputs are no picture. */
const leastInputs = 64;

/** How many samples a message names. */
const mostNamed = 20;

/**
 * `inputs` (count, network.inputs), raw; `field` is their name in the request. A picture is blank where all its pixels are the same.
 */
export function blankPictures(
  { network, preprocessing, image }: Pick<AnsweringModel, 'network' | 'preprocessing' | 'image'>,
  { inputs, count, field }: { inputs: Float32Array; count: number; field: string },
): PredictionWarning[] {
  const width = network.inputs;
  if (preprocessing !== null || width < leastInputs) return [];
  if (image === null && !Number.isInteger(Math.sqrt(width))) return [];
  const blank: string[] = [];
  for (let sample = 0; sample < count; sample++) {
    const end = (sample + 1) * width;
    const first = inputs[sample * width];
    let at = sample * width + 1;
    while (at < end && inputs[at] === first) at++;
    if (at === end) blank.push(`${field}[${sample}]`);
  }
  if (blank.length === 0) return [];
  const more = blank.length - mostNamed;
  const named = blank.slice(0, mostNamed).join(', ') + (more > 0 ? ` and ${more} more` : '');
  const message = `${named} ${blank.length === 1 ? 'is' : 'are'} blank: there is nothing drawn, and the answer means nothing.`;
  return [{ code: 'NO_INK', count: blank.length, message }];
}
