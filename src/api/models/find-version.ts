/** Finds the published version that a path names, loaded or not. */
import { TrainyardError } from '../../errors.js';
import { damagedAliasError, type Aliases } from '../../model/registry/aliases.js';
import { latestAlias, modelNamePattern, whyNoModelName } from '../../model/registry/model-folder.js';
import { whyAllHeld } from '../../model/serving/version-choice.js';
import type { Registry, VersionManifest } from '../../model/registry/registry.js';

export interface VersionLookup {
  registry: Pick<Registry, 'manifest' | 'held'>;
  aliases: Pick<Aliases, 'names'>;
}

/**
 * The manifest of the version with this number or alias; by default `latest`.
 * @throws TrainyardError MODEL_NOT_FOUND, VERSION_NOT_FOUND, ALIAS_NOT_FOUND, CHECKPOINT_CORRUPT; MODEL_NOT_READY when
 * the alias is damaged, or all versions are held
 */
export async function findVersion(
  { registry, aliases }: VersionLookup,
  name: string,
  { version, alias = latestAlias }: { version?: number | undefined; alias?: string | undefined },
): Promise<VersionManifest> {
  refuseImpossibleName(name);
  const number = version ?? (await versionNamed(aliases, name, alias));
  if (number === null) {
    const held = await registry.held(name);
    if (held.size > 0) throw new TrainyardError('MODEL_NOT_READY', whyAllHeld(name, held));
    throw modelNotFound(name);
  }
  if (number !== undefined) return registry.manifest(name, number);
  throw new TrainyardError('ALIAS_NOT_FOUND', `The model ${name} has no alias ${JSON.stringify(alias)}.`);
}

/** null: the model has no readable version. undefined: it has no such alias. */
async function versionNamed(
  aliases: VersionLookup['aliases'],
  name: string,
  alias: string,
): Promise<number | null | undefined> {
  const { versions, damaged } = await aliases.names(name);
  const unknown = damaged.find((each) => each.alias === alias);
  if (unknown !== undefined) throw damagedAliasError(name, unknown);
  return versions.has(latestAlias) || damaged.length > 0 ? versions.get(alias) : null;
}

/** No model can have such a name. @throws TrainyardError MODEL_NOT_FOUND */
export function refuseImpossibleName(name: string): void {
  if (modelNamePattern.test(name)) return;
  throw new TrainyardError('MODEL_NOT_FOUND', `There is no such model: ${whyNoModelName(name)}`);
}

export function modelNotFound(name: string): TrainyardError {
  return new TrainyardError('MODEL_NOT_FOUND', `No model named ${JSON.stringify(name)} has been published.`);
}
