import { describe, expect, test } from 'vitest';
import type { Engine, EngineEntry, Probe } from '../../../src/model/engines/engine.js';
import { createReferenceEngine } from '../../../src/model/engines/reference/reference-engine.js';
import {
  engineNames,
  engines,
  optionalEngineNames,
  predictionEngines,
  selectEngine,
} from '../../../src/model/engines/select.js';
import { fastestEngine } from '../../fastest-engine.js';

function engine(name: string, probe: Probe): EngineEntry & { engine: Engine } {
  const made = { ...createReferenceEngine(), name, probe: () => Promise.resolve(probe) };
  return { name, engine: made, create: () => Promise.resolve(made) };
}

const fast = engine('fast', { available: false, reason: 'no adapter' });
const middle = engine('middle', { available: true, device: 'a device' });
const slow = engine('slow', { available: true, device: 'another device' });

describe('selecting an engine', () => {
  test('finds one that runs everywhere', async () => {
    const { engine, device, reason } = await selectEngine('auto', engines);
    expect(engineNames).toContain(engine.name);
    expect(device).not.toBe('');
    expect(reason).toContain('fastest');
  });

  test('takes the fastest that can run, and says why not a faster one', async () => {
    expect(await selectEngine('auto', [fast, middle, slow])).toEqual({
      engine: middle.engine,
      device: 'a device',
      reason: 'the fastest that can run here; fast cannot: no adapter',
    });
  });

  test('takes one that has a GPU before a faster one that has none, and says so', async () => {
    const mayHaveGpu = () => true;
    const onGpu = { ...engine('gpu', { available: true, device: 'GPU', hasGpu: true }), mayHaveGpu };
    const onCpu = { ...engine('cpu', { available: true, device: 'CPU', hasGpu: false }), mayHaveGpu };
    expect(await selectEngine('auto', [middle, onGpu])).toEqual({
      engine: onGpu.engine,
      device: 'GPU',
      reason: 'it has a GPU',
    });
    expect(await selectEngine('auto', [middle, onCpu])).toEqual({
      engine: middle.engine,
      device: 'a device',
      reason: 'the fastest that can run here; cpu finds no GPU: CPU',
    });
  });

  test('does not probe what can be no faster than what it has found', async () => {
    const unwanted = { ...slow.engine, probe: () => Promise.reject(new Error('probed in vain')) };
    const costly = { ...slow, create: () => Promise.resolve(unwanted) };
    expect((await selectEngine('auto', [middle, costly])).engine).toBe(middle.engine);
    await expect(selectEngine('auto', [fast, costly])).rejects.toThrow('probed in vain');
  });

  test('passes over one that is not installed, without a word, unless it is named', async () => {
    const missing = { ...fast, isInstalled: () => false };
    expect(await selectEngine('auto', [missing, slow])).toMatchObject({
      engine: slow.engine,
      reason: 'the fastest that can run here',
    });
    await expect(selectEngine('fast', [missing, slow])).rejects.toMatchObject({
      message: "The engine 'fast' cannot run here: no adapter. Engines: auto, fast, slow.",
    });
  });

  test('predicts with the fastest that can be had without a GPU', async () => {
    expect(optionalEngineNames).toEqual(['native', 'webgpu', 'tensorflow']);
    expect((await selectEngine('auto', predictionEngines)).engine.name).toBe(fastestEngine);
  });

  test('takes the one that is named', async () => {
    expect(await selectEngine('slow', [fast, middle, slow])).toEqual({
      engine: slow.engine,
      device: 'another device',
      reason: 'asked for by name',
    });
    expect((await selectEngine('reference', engines)).engine.name).toBe('reference');
  });

  test.each([
    ['one that cannot run here', 'fast', "The engine 'fast' cannot run here: no adapter."],
    ['one that does not exist', 'slowest', "There is no engine 'slowest'."],
  ])('refuses %s, never taking another instead', async (_, wanted, message) => {
    await expect(selectEngine(wanted, [fast, middle, slow])).rejects.toMatchObject({
      code: 'ENGINE_UNAVAILABLE',
      message: `${message} Engines: auto, fast, middle, slow.`,
    });
  });

  test('fails when none can run', async () => {
    await expect(selectEngine('auto', [fast])).rejects.toMatchObject({ code: 'ENGINE_UNAVAILABLE' });
  });
});
