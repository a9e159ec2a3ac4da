/** Which engine trains. The only file that names the engines there are. */
import { TrainyardError } from '../../errors.js';
import type { Engine } from './engine.js';
import { createReferenceEngine } from './reference/reference-engine.js';
import { createWasmEngine } from './wasm/wasm-engine.js';

/** Fastest first. */
const engines: readonly Engine[] = [createWasmEngine(), createReferenceEngine()];

export const engineNames: readonly string[] = engines.map((engine) => engine.name);

export interface Selection {
  engine: Engine;
  /** What it runs on. */
  device: string;
  /** Why this one, for the log and for the job. */
  reason: string;
}

/**
 * 'auto' is the fastest engine that can run here; a name is that engine. Throws ENGINE_UNAVAILABLE, with why and with
 * the names there are. `candidates` are in order, fastest first.
 */
export async function selectEngine(
  wanted: string,
  candidates: readonly Engine[] = engines,
): Promise<Selection> {
  const auto = wanted === 'auto';
  const considered = auto ? candidates : candidates.filter((engine) => engine.name === wanted);
  if (considered.length === 0) throw unavailable(`There is no engine '${wanted}'`, candidates);

  const refusals: string[] = [];
  for (const engine of considered) {
    const probe = await engine.probe();
    if (probe.available) {
      const choice = auto ? 'the fastest that can run here' : 'asked for by name';
      return { engine, device: probe.device, reason: [choice, ...refusals].join('; ') };
    }
    refusals.push(`${engine.name} cannot: ${probe.reason}`);
  }
  throw unavailable(`No engine for '${wanted}' can run here; ${refusals.join('; ')}`, candidates);
}

function unavailable(problem: string, candidates: readonly Engine[]): TrainyardError {
  const names = candidates.map((engine) => engine.name).join(', ');
  return new TrainyardError('ENGINE_UNAVAILABLE', `${problem}. Engines: auto, ${names}.`);
}
