/** Which engine trains, and which predicts. The only file that names the engines there are. */
import { TrainyardError } from '../../errors.js';
import type { Engine } from './engine.js';
import { createReferenceEngine } from './reference/reference-engine.js';
import { createTensorflowEngine } from './tensorflow/tensorflow-engine.js';
import { createWasmEngine } from './wasm/wasm-engine.js';

const wasm = createWasmEngine();
const reference = createReferenceEngine();

/** Fastest first, on a CPU. */
const engines: readonly Engine[] = [wasm, createTensorflowEngine(), reference];

/**
 * For predictions, fastest first: a few samples are answered before a GPU has been reached, and a service that answers
 * need not hold one.
 */
export const predictionEngines: readonly Engine[] = [wasm, reference];

export const engineNames: readonly string[] = engines.map((engine) => engine.name);

/** Those that not every installation has. */
export const optionalEngineNames: readonly string[] = engines
  .filter((engine) => engine.isInstalled !== undefined)
  .map((engine) => engine.name);

/** Those of the optional ones that are installed here; whether they can run is for their probe to say. */
export function installedOptionalEngines(): string[] {
  return engines.filter((engine) => engine.isInstalled?.()).map((engine) => engine.name);
}

export interface Selection {
  engine: Engine;
  /** What it runs on. */
  device: string;
  /** Why this one, for the log and for the job. */
  reason: string;
}

/**
 * 'auto' is an engine that has a GPU, or else the fastest that can run here; a name is that engine. Throws
 * ENGINE_UNAVAILABLE, with why and with the names there are. `candidates` are in order, fastest first.
 */
export async function selectEngine(
  wanted: string,
  candidates: readonly Engine[] = engines,
): Promise<Selection> {
  if (wanted === 'auto') return selectFastest(candidates);
  const engine = candidates.find(({ name }) => name === wanted);
  if (engine === undefined) throw unavailable(`There is no engine '${wanted}'`, candidates);
  const probe = await engine.probe();
  if (probe.available) return { engine, device: probe.device, reason: 'asked for by name' };
  throw unavailable(`The engine '${wanted}' cannot run here: ${probe.reason}`, candidates);
}

async function selectFastest(candidates: readonly Engine[]): Promise<Selection> {
  const refusals: string[] = [];
  let fastest: Selection | undefined;
  for (const engine of candidates) {
    if (engine.isInstalled?.() === false) continue;
    // Only a GPU would be faster yet; and a probe may take a second.
    if (fastest !== undefined && engine.mayHaveGpu?.() !== true) continue;
    const probe = await engine.probe();
    if (!probe.available) {
      refusals.push(`${engine.name} cannot: ${probe.reason}`);
    } else if (probe.hasGpu === true) {
      return { engine, device: probe.device, reason: 'it has a GPU' };
    } else {
      fastest ??= { engine, device: probe.device, reason: 'the fastest that can run here' };
    }
  }
  if (fastest === undefined) throw unavailable(`No engine can run here; ${refusals.join('; ')}`, candidates);
  return { ...fastest, reason: [fastest.reason, ...refusals].join('; ') };
}

function unavailable(problem: string, candidates: readonly Engine[]): TrainyardError {
  const names = candidates.map((engine) => engine.name).join(', ');
  return new TrainyardError('ENGINE_UNAVAILABLE', `${problem}. Engines: auto, ${names}.`);
}
