/** The gradients of all layers' parameters and the step of the optimiser, in one dispatch; in two where gradients are clipped. */
import type { OptimizerSpec } from '../../../network/optimizers.js';
import { momentSlots } from '../../../network/optimizers.js';
import type { LayerLayout, NetworkLayout } from '../layout.js';
import { control, declareBuffers, loadInput, type InputFormat } from './bindings.js';
import { f32 } from './literals.js';
import type { Kernel } from './kernel.js';

const threads = 256;
/** A tile is so many vectors of outputs wide, and four times as many inputs high. */
const tileSize = 8;
/** A batch is divided into so many slices, whose sums are added in a fixed order. */
const slices = 4;
/** Samples that a thread loads before it uses them; see loadAhead. */
const ahead = 8;
/** Workgroups in a row of the grid: WebGPU grants all adapters 65,535. */
const gridWidth = 32_768;

export interface UpdateOptions {
  optimizer: OptimizerSpec;
  format: InputFormat;
  batchSize: number;
}

/** Vectors of `state`: the optimiser's slots, and where gradients are clipped these and a vector for each tile. */
export function stateVectors(layout: NetworkLayout, optimizer: OptimizerSpec): number {
  const slots = momentSlots(optimizer).length;
  const clipping = optimizer.clip_norm === undefined ? 0 : layout.parameterVectors + tilesOf(layout);
  return slots * layout.parameterVectors + clipping;
}

export function updateKernels(layout: NetworkLayout, options: UpdateOptions): Kernel[] {
  const tiles = tilesOf(layout);
  const grid = (): [number, number] => [Math.min(tiles, gridWidth), Math.ceil(tiles / gridWidth)];
  const kernel = (name: string, code: string): Kernel => ({ name, code, buffers: 'update', grid });
  const { clip_norm: clipNorm } = options.optimizer;
  if (clipNorm === undefined) {
    return [
      kernel(
        'update',
        gradientShader(layout, options, `learn(own, current, gradient);\n    ${nextStep(options)}`),
      ),
    ];
  }
  const gradientsAt = momentSlots(options.optimizer).length * layout.parameterVectors;
  const squaresAt = gradientsAt + layout.parameterVectors;
  return [
    kernel('gradients', gradientShader(layout, options, keepGradient(gradientsAt, squaresAt))),
    kernel('clipped update', clippedShader(layout, options, { clipNorm, gradientsAt, squaresAt, tiles })),
  ];
}

function tilesAcross({ outputVectors }: LayerLayout): number {
  return Math.ceil(outputVectors / tileSize);
}

/** One more vector of inputs: the first number in it stands for the bias. */
function tilesOfLayer(layer: LayerLayout): number {
  return tilesAcross(layer) * Math.ceil((layer.inputVectors + 1) / tileSize);
}

function tilesOf({ layers }: NetworkLayout): number {
  return layers.reduce((sum, layer) => sum + tilesOfLayer(layer), 0);
}

/** `placeOf(tile)`: the layer that a tile belongs to, and where in the layer it is. */
function places({ layers }: NetworkLayout): string {
  let end = 0;
  const ofLayers = layers.map((layer) => {
    const begin = end;
    end += tilesOfLayer(layer);
    const across = tilesAcross(layer);
    const numbers = [
      layer.index,
      `(tile - ${begin}u) / ${across}u * ${tileSize}u`,
      `(tile - ${begin}u) % ${across}u * ${tileSize}u`,
      layer.inputs,
      layer.outputs,
      layer.inputVectors,
      layer.outputVectors,
      layer.parameters,
      layer.index === 0 ? 0 : layers[layer.index - 1].values,
      layer.gradients,
    ].map((number) => (typeof number === 'number' ? `${number}u` : number));
    return `if (tile < ${end}u) { return Place(${numbers.join(', ')}); }`;
  });
  return `
struct Place {
  layer: u32,
  // The first vector of inputs and of outputs of the tile.
  inputVector: u32,
  outputVector: u32,
  inputs: u32,
  outputs: u32,
  inputVectors: u32,
  outputVectors: u32,
  parameters: u32,
  values: u32,
  gradients: u32,
}

fn placeOf(tile: u32) -> Place {
  ${ofLayers.join('\n  ')}
  return Place();
}

// Of the parameters that a thread updates: their vector, and which of its numbers are parameters, not padding.
struct Own {
  at: u32,
  realUnits: vec4<bool>,
  isLearnt: bool,
}

fn ownOf(place: Place, thread: u32) -> Own {
  let input = place.inputVector * 4u + thread / ${tileSize}u;
  let output = place.outputVector + thread % ${tileSize}u;
  let isReal = input < place.inputs || input == 4u * place.inputVectors;
  let units = vec4u(4u * output) + vec4u(0u, 1u, 2u, 3u);
  return Own(
    place.parameters + input * place.outputVectors + output,
    units < vec4u(place.outputs),
    isReal && output < place.outputVectors,
  );
}
`;
}

const entry = `
@compute @workgroup_size(${threads})
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(local_invocation_index) thread: u32) {
  let tile = workgroup.x + workgroup.y * ${gridWidth}u;
  let place = placeOf(tile);
  let own = ownOf(place, thread);
  let at = own.at;
  let realUnits = own.realUnits;
  let current = seen[${control.current}];`;

/** `finish`: what to do with `gradient`, four numbers of parameters `at`. */
function gradientShader(layout: NetworkLayout, options: UpdateOptions, finish: string): string {
  const { format, batchSize } = options;
  const slice = tileSize * tileSize;
  const cells = 4 * slice;
  return `${declareBuffers('update', format)}${loadInput(format)}${places(layout)}${learn(options, layout)}
// (slices, inputs of the tile, output vectors of the tile)
var<workgroup> partial: array<vec4f, ${slices * cells}>;
var<workgroup> squares: array<f32, ${threads}>;
${entry}
  let inputVector = place.inputVector + thread % ${slice}u / ${tileSize}u;
  let outputVector = place.outputVector + thread % ${tileSize}u;
  let slice = thread / ${slice}u;
  var sum0 = vec4f();
  var sum1 = vec4f();
  var sum2 = vec4f();
  var sum3 = vec4f();
  if (outputVector < place.outputVectors) {
    if (inputVector == place.inputVectors) {
      for (var m = slice; m < ${batchSize}u; m += ${slices}u) {
        sum0 += activations[place.gradients + m * place.outputVectors + outputVector];
      }
    } else if (inputVector < place.inputVectors) {
      if (place.layer == 0u) {
        ${sumsOver(batchSize, {
          prepare: (m) => `order[current + ${m}].x`,
          input: (sample) => `loadInput(${sample}, inputVector)`,
        })}
      } else {
        ${sumsOver(batchSize, {
          prepare: (m) => `place.values + (${m}) * place.inputVectors + inputVector`,
          input: (index) => `activations[${index}]`,
        })}
      }
    }
  }
  let first = slice * ${cells}u + thread % ${slice}u / ${tileSize}u * ${4 * tileSize}u + thread % ${tileSize}u;
  partial[first] = sum0;
  partial[first + ${tileSize}u] = sum1;
  partial[first + ${2 * tileSize}u] = sum2;
  partial[first + ${3 * tileSize}u] = sum3;
  workgroupBarrier();
  var gradient = (partial[thread] + partial[thread + ${cells}u]) + (partial[thread + ${2 * cells}u] + partial[thread + ${3 * cells}u]);
  {
    ${finish}
  }
}
`;
}

/** The sums of inputs times gradients over a slice of the batch. */
function sumsOver(
  batchSize: number,
  { prepare, input }: { prepare: (m: string) => string; input: (prepared: string) => string },
): string {
  const turns = Array.from({ length: ahead }, (_, turn) => turn);
  const rowOf = (turn: number): string => `m + ${turn * slices}u`;
  const gradientOf = (m: string): string =>
    `activations[place.gradients + (${m}) * place.outputVectors + outputVector]`;
  const add = (x: string, d: string): string =>
    [0, 1, 2, 3].map((i) => `sum${i} += ${x}.${'xyzw'[i]} * ${d};`).join(' ');
  return `var m = slice;
        for (; m + ${(ahead - 1) * slices}u < ${batchSize}u; m += ${ahead * slices}u) {
          ${turns.map((turn) => `let p${turn} = ${prepare(rowOf(turn))};`).join('\n          ')}
          ${turns.map((turn) => `let d${turn} = ${gradientOf(rowOf(turn))};`).join('\n          ')}
          ${turns.map((turn) => `let x${turn} = ${input(`p${turn}`)};`).join('\n          ')}
          ${turns.map((turn) => add(`x${turn}`, `d${turn}`)).join('\n          ')}
        }
        for (; m < ${batchSize}u; m += ${slices}u) {
          let d = ${gradientOf('m')};
          let p = ${prepare('m')};
          let x = ${input('p')};
          ${add('x', 'd')}
        }`;
}

function nextStep({ batchSize }: UpdateOptions): string {
  return `if (tile == 0u && thread == 0u) { seen[${control.next}] = current + ${batchSize}u; }`;
}

/** `learn(own, current, ofLoss)`: a step of the optimiser for four numbers; network/optimizers.ts says what it computes. */
function learn({ optimizer, batchSize }: UpdateOptions, { parameterVectors }: NetworkLayout): string {
  return `
fn learn(own: Own, current: u32, ofLoss: vec4f) {
  if (!own.isLearnt) { return; }
  let at = own.at;
  let setting = current / ${batchSize}u * 4u;
  let s0 = bitcast<vec4f>(settings[setting]);
  let s1 = bitcast<vec4f>(settings[setting + 1u]);
  let s2 = bitcast<vec4f>(settings[setting + 2u]);
  let s3 = bitcast<vec4f>(settings[setting + 3u]);
  let shrink = s0.x; let penalty = s0.y; let stepSize = s0.z; let beta1 = s0.w;
  let less1 = s1.x; let beta2 = s1.y; let less2 = s1.z; let root = s1.w;
  let epsilon = s2.x; let ofGradient = s2.y; let ofBuffer = s2.z;
  let averageKeep = s2.w; let averageTake = s3.x;
  let before = parameters[at];
  let gradient = fma(vec4f(penalty), before, ofLoss);
  ${rules(optimizer, parameterVectors)}
  let kept = select(before, after, own.realUnits);
  parameters[at] = kept;
  ${optimizer.ema === undefined ? '' : 'averages[at] = fma(vec4f(averageKeep), averages[at], averageTake * kept);'}
}
`;
}

function rules(optimizer: OptimizerSpec, parameterVectors: number): string {
  const second = `state[${parameterVectors}u + at]`;
  switch (optimizer.type) {
    case 'adam':
    case 'adamw':
      return `let m = fma(vec4f(beta1), state[at], less1 * gradient);
  let v = fma(vec4f(beta2), ${second}, less2 * gradient * gradient);
  state[at] = m;
  ${second} = v;
  let after = fma(vec4f(shrink), before, -(stepSize * m / fma(sqrt(v), vec4f(root), vec4f(epsilon))));`;
    case 'sgd':
      if (optimizer.momentum === 0) return 'let after = fma(vec4f(-stepSize), gradient, before);';
      return `let moving = fma(vec4f(beta1), state[at], gradient);
  state[at] = moving;
  let after = fma(vec4f(-stepSize), fma(vec4f(ofGradient), gradient, ofBuffer * moving), before);`;
    case 'rmsprop':
      return `let v = fma(vec4f(beta2), state[at], less2 * gradient * gradient);
  state[at] = v;
  let after = before - stepSize * gradient / (sqrt(v) + epsilon);`;
  }
}

/** Keeps the gradient, and the sum of the squares of the tile's. */
function keepGradient(gradientsAt: number, squaresAt: number): string {
  return `if (own.isLearnt) {
      gradient = select(vec4f(0), gradient, realUnits);
      state[${gradientsAt}u + at] = gradient;
      squares[thread] = dot(gradient, gradient);
    } else {
      squares[thread] = 0;
    }
    for (var half = ${threads / 2}u; half > 0u; half /= 2u) {
      workgroupBarrier();
      if (thread < half) { squares[thread] += squares[thread + half]; }
    }
    if (thread == 0u) { state[${squaresAt}u + tile].x = squares[0]; }`;
}

/** Every workgroup adds the squares of all tiles, in the same order. */
function clippedShader(
  layout: NetworkLayout,
  options: UpdateOptions,
  {
    clipNorm,
    gradientsAt,
    squaresAt,
    tiles,
  }: { clipNorm: number; gradientsAt: number; squaresAt: number; tiles: number },
): string {
  return `${declareBuffers('update', options.format)}${places(layout)}${learn(options, layout)}
var<workgroup> squares: array<f32, ${threads}>;
${entry}
  var sum = 0f;
  for (var other = thread; other < ${tiles}u; other += ${threads}u) { sum += state[${squaresAt}u + other].x; }
  squares[thread] = sum;
  for (var half = ${threads / 2}u; half > 0u; half /= 2u) {
    workgroupBarrier();
    if (thread < half) { squares[thread] += squares[thread + half]; }
  }
  workgroupBarrier();
  let share = ${f32(clipNorm)} / (sqrt(squares[0]) + 1e-6);
  // A norm that is not a number must stay one.
  let factor = select(share, 1f, share >= 1);
  if (own.isLearnt) { learn(own, current, state[${gradientsAt}u + at] * factor); }
  ${nextStep(options)}
}
`;
}
