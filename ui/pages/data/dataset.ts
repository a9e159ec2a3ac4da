/** A dataset with what is known of its columns, as its pages show it. */
import { api, type Dataset, type Schemas } from '../../service/api.js';

export type Profile = Schemas['DatasetProfile'];
export type ProfiledColumn = Profile['columns'][number];
export type Warning = Dataset['warnings'][number];

export interface ShownDataset {
  dataset: Dataset;
  /** null unless it is a table that has been read. */
  profile: Profile | null;
}

/** `version` null: the newest. */
export async function loadDataset(
  name: string,
  version: string | null,
  signal: AbortSignal,
): Promise<ShownDataset> {
  const dataset =
    version === null
      ? await api.get('/v1/datasets/{name}', { params: { path: { name } }, signal })
      : await api.get('/v1/datasets/{name}/versions/{version}', {
          params: { path: { name, version } },
          signal,
        });
  if (dataset.status !== 'ready' || dataset.arrays !== null || dataset.pictures !== null)
    return { dataset, profile: null };
  const path = { name, version: String(dataset.version) };
  return {
    dataset,
    profile: await api.get('/v1/datasets/{name}/versions/{version}/profile', { params: { path }, signal }),
  };
}

const likelyTargets = /^(?:target|label|class|outcome|result|y|.*(?:species|churn|price|survived|default))$/i;

/** The column that is most likely to be predicted: the dataset's own target, one with a telling name, or the last one. */
export function suggestedTarget({ dataset, profile }: ShownDataset): string | undefined {
  const [own] = dataset.target;
  if (own !== undefined) return own;
  const columns = (profile?.columns ?? []).filter(
    ({ role, distinct, type }) => role === 'feature' && distinct > 1 && type !== 'text' && type !== 'id',
  );
  return (columns.find(({ name }) => likelyTargets.test(name)) ?? columns.at(-1))?.name;
}
