/** Which engine trains and which predicts. Only this file names the engines. */
import { TrainyardError } from '../../errors.js';
import type { Engine, EngineEntry } from './engine.js';
import { isAddonBuilt, whyAddonIsNotBuilt } from './native/addon.js';
import {
  isTensorflowInstalled,
  mayTensorflowHaveGpu,
  whyTensorflowIsNotInstalled,
} from './tensorflow/tensorflow.js';
import { isWebgpuInstalled, whyWebgpuIsNotInstalled } from './webgpu/device.js';

const native: EngineEntry = {
  name: 'native',
  isInstalled: isAddonBuilt,
  whyNotInstalled: whyAddonIsNotBuilt,
  create: async () => (await import('./native/native-engine.js')).createNativeEngine(),
};

const wasm: EngineEntry = {
  name: 'wasm',
  create: async () => (await import('./wasm/wasm-engine.js')).createWasmEngine(),
};

const webgpu: EngineEntry = {
  name: 'webgpu',
  isInstalled: isWebgpuInstalled,
  whyNotInstalled: whyWebgpuIsNotInstalled,
  mayHaveGpu: isWebgpuInstalled,
  create: async () => (await import('./webgpu/webgpu-engine.js')).sharedWebgpuEngine(),
};

const tensorflow: EngineEntry = {
  name: 'tensorflow',
  isInstalled: isTensorflowInstalled,
  whyNotInstalled: whyTensorflowIsNotInstalled,
  mayHaveGpu: mayTensorflowHaveGpu,
  create: async () => (await import('./tensorflow/tensorflow-engine.js')).createTensorflowEngine(),
};

const reference: EngineEntry = {
  name: 'reference',
  create: async () => (await import('./reference/reference-engine.js')).createReferenceEngine(),
};

/** For training: the fastest first on a CPU, and of those that may have a GPU. */
export const engines: readonly EngineEntry[] = [native, wasm, webgpu, tensorflow, reference];

/**
 * For predictions, the fastest first. None uses a GPU: a CPU answers a few samples before a GPU has received them, and a
 * service that only predicts need not hold one.
 */
export const predictionEngines: readonly EngineEntry[] = [native, wasm, reference];

export const engineNames: readonly string[] = engines.map(({ name }) => name);

/** The engines that need what not every machine has: a package, or a compiler. */
export const optionalEngineNames: readonly string[] = engines
  .filter((entry) => entry.isInstalled !== undefined)
  .map(({ name }) => name);

/** Those that are installed here, fastest first. Their probe says whether they can run. */
export function installedEngines(): string[] {
  return engines.filter((entry) => entry.isInstalled?.() !== false).map(({ name }) => name);
}

/** Every engine, fastest first; `reason` is null where it is installed. */
export function enginesHere(): { name: string; installed: boolean; reason: string | null }[] {
  return engines.map((entry) => {
    const installed = entry.isInstalled?.() !== false;
    return { name: entry.name, installed, reason: installed ? null : (entry.whyNotInstalled?.() ?? null) };
  });
}

/** What would make training faster here, in a sentence for the log; null: nothing that is known. */
export function adviceOnEngines(): string | null {
  const reason = whyAddonIsNotBuilt();
  if (reason === null) return null;
  return (
    `The native engine, several times as fast as wasm, is missing: ${reason}. With a C++ compiler (on Debian: ` +
    'apt-get install g++) the next start builds it.'
  );
}

/** The optional ones among these. */
export function installedOptionalEngines(): string[] {
  return engines.filter((entry) => entry.isInstalled?.()).map(({ name }) => name);
}

/** Whether a process that goes on to another run spares it the opening of a device. */
export function holdsDevice(): boolean {
  return engines.some((entry) => entry.holdsDevice?.() === true);
}

export interface Selection {
  engine: Engine;
  /** What it runs on. */
  device: string;
  /** Why it was selected, for the log and the job. */
  reason: string;
}

/**
 * 'auto' selects an engine that has a GPU, or else the fastest that can run here; a name selects that engine.
 * @param candidates the fastest first
 * @throws TrainyardError ENGINE_UNAVAILABLE, with the reason and the names of the candidates
 */
export async function selectEngine(wanted: string, candidates: readonly EngineEntry[]): Promise<Selection> {
  if (wanted === 'auto') return selectFastest(candidates);
  const entry = candidates.find(({ name }) => name === wanted);
  if (entry === undefined) throw unavailable(`There is no engine '${wanted}'`, candidates);
  const engine = await entry.create();
  const probe = await engine.probe();
  if (probe.available) return { engine, device: probe.device, reason: 'asked for by name' };
  throw unavailable(`The engine '${wanted}' cannot run here: ${probe.reason}`, candidates);
}

async function selectFastest(candidates: readonly EngineEntry[]): Promise<Selection> {
  const refusals: string[] = [];
  let fastest: Selection | undefined;
  for (const entry of candidates) {
    if (entry.isInstalled?.() === false) continue;
    // Only a GPU would be faster, and a probe may take a second.
    if (fastest !== undefined && entry.mayHaveGpu?.() !== true) continue;
    const engine = await entry.create();
    const probe = await engine.probe();
    if (!probe.available) {
      refusals.push(`${entry.name} cannot: ${probe.reason}`);
    } else if (probe.hasGpu === true) {
      return { engine, device: probe.device, reason: 'it has a GPU' };
    } else {
      if (entry.mayHaveGpu?.() === true) refusals.push(`${entry.name} finds no GPU: ${probe.device}`);
      fastest ??= { engine, device: probe.device, reason: 'the fastest that can run here' };
    }
  }
  if (fastest === undefined) throw unavailable(`No engine can run here; ${refusals.join('; ')}`, candidates);
  return { ...fastest, reason: [fastest.reason, ...refusals].join('; ') };
}

function unavailable(problem: string, candidates: readonly EngineEntry[]): TrainyardError {
  const names = candidates.map(({ name }) => name).join(', ');
  return new TrainyardError('ENGINE_UNAVAILABLE', `${problem}. Engines: auto, ${names}.`);
}
