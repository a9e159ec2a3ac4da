/** Random search: J. Bergstra, Y. Bengio, "Random search for hyper-parameter optimization", 2012. */
import { dimensionsOf, indexOfValue, parametersAt, type Dimension } from './dimensions.js';
import type { Draws } from './draws.js';
import { countValues, isRange, parametersKey, type Parameter, type Parameters, type Space } from './space.js';

/** After so many draws of what is known already, unknown parameters are looked for one by one. */
const mostDraws = 100;

/** Parameters whose key is not in `seen`; null where the space has no others. */
export function drawUnseen(space: Space, draws: Draws, seen: ReadonlySet<string>): Parameters | null {
  const dimensions = dimensionsOf(space);
  let parameters = drawParameters(dimensions, draws);
  for (let draw = 1; seen.has(parametersKey(space, parameters)); draw++) {
    if (draw === mostDraws) return nextUnseen(space, parameters, seen);
    parameters = drawParameters(dimensions, draws);
  }
  return parameters;
}

function drawParameters(dimensions: readonly Dimension[], draws: Draws): Parameters {
  const places = Float64Array.from(dimensions, (dimension) => {
    const uniform = draws.uniform();
    if (!('range' in dimension)) return Math.floor(dimension.values.length * uniform);
    return dimension.low + (dimension.high - dimension.low) * uniform;
  });
  return parametersAt(dimensions, places);
}

/** Counts up from the parameters, as through the digits of a number, until they are new. */
function nextUnseen(space: Space, from: Parameters, seen: ReadonlySet<string>): Parameters | null {
  const parameters = { ...from };
  const dimensions = Object.entries(space);
  const count = dimensions.reduce((product, [, parameter]) => product * countValues(parameter), 1);
  // A range of numbers is finite too, where its ends are nearly one: nothing new was drawn from it, so none is left.
  if (!Number.isFinite(count)) return null;
  for (let step = 1; step < count; step++) {
    for (const [path, parameter] of dimensions) {
      const next = valueAfter(parameter, parameters[path]);
      parameters[path] = next.value;
      if (!next.wrapped) break;
    }
    if (!seen.has(parametersKey(space, parameters))) return parameters;
  }
  return null;
}

function valueAfter(parameter: Parameter, value: Parameters[string]) {
  if (isRange(parameter)) {
    const wrapped = value === parameter.max;
    return { value: wrapped ? parameter.min : (value as number) + 1, wrapped };
  }
  const place = indexOfValue(parameter.values, value) + 1;
  const wrapped = place === parameter.values.length;
  return { value: parameter.values[wrapped ? 0 : place], wrapped };
}
