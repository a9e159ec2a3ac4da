/** Versions of models that were asked for by number: the few that were used last stay loaded. */
import type { LoadedModel } from './loaded-model.js';

/** Of all models together. */
const keptAtMost = 4;

export interface LoadedVersions {
  /** It is loaded now if it is not yet; whether that works is for its `ready` to say. */
  get(model: string, version: number): LoadedModel;
  /** Lets go of the model's other versions, as they have been removed. */
  keepOnly(model: string, versions: readonly number[]): void;
  /** Lets go of all. */
  clear(): void;
}

export function createLoadedVersions(load: (model: string, version: number) => LoadedModel): LoadedVersions {
  /** By `model@version`, the one used last at the end. */
  const loaded = new Map<string, LoadedModel>();

  function begin(key: string, model: string, version: number): LoadedModel {
    const begun = load(model, version);
    // Room is made only for a version that did load, so that asking for one that is not there pushes none out.
    begun.ready.then(dropLeastUsed, () => {
      if (loaded.get(key) === begun) loaded.delete(key);
    });
    return begun;
  }

  function dropLeastUsed(): void {
    for (const key of [...loaded.keys()].slice(0, -keptAtMost)) drop(key);
  }

  function drop(key: string): void {
    loaded.get(key)?.retire();
    loaded.delete(key);
  }

  return {
    get(model, version) {
      const key = `${model}@${version}`;
      const found = loaded.get(key) ?? begin(key, model, version);
      loaded.delete(key);
      loaded.set(key, found);
      return found;
    },

    keepOnly(model, versions) {
      for (const key of loaded.keys()) {
        const [name, version] = key.split('@');
        if (name === model && !versions.includes(Number(version))) drop(key);
      }
    },

    clear() {
      for (const key of loaded.keys()) drop(key);
    },
  };
}
