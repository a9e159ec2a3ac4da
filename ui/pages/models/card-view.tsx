/** The card of a version: what it learned from and how, what it should not be used for, and training it again. */
import { useState } from 'preact/hooks';
import { formatNumber } from '../../parts/format.js';
import { ErrorNotice } from '../../parts/notice.js';
import { Section } from '../../parts/page.js';
import { useResource } from '../../parts/use-resource.js';
import { api, type ModelVersion, type Schemas } from '../../service/api.js';
import { goTo, linkTo } from '../../shell/router.js';
import { Download } from './downloads.js';

type Card = Schemas['ModelCard'];

/** What the schema leaves open. */
interface CardData {
  dataset: string;
  version: number | null;
  sha256: string | null;
  split: { by?: string; column?: string | null; validation: number; test?: number };
  rows: Record<'train' | 'validation' | 'test' | 'left_out', number> | null;
}

export function CardView({ version: { model, version } }: { version: ModelVersion }) {
  const path = { name: model, version: String(version) };
  const { data: card, error } = useResource(
    (signal) => api.get('/v1/models/{name}/versions/{version}/card', { params: { path }, signal }),
    [model, version],
  );
  if (error !== undefined) return <ErrorNotice error={error} />;
  if (!card) return null;
  return (
    <div class="stack card-view">
      <Section
        title="What it should not be used for"
        actions={
          <Download
            path={`/v1/models/${encodeURIComponent(model)}/versions/${version}/card?format=markdown`}
            file={`${model}-v${version}.md`}
            label="The card as Markdown"
          />
        }
      >
        {card.limits.length === 0 ? (
          <p class="muted">Nothing that is known speaks against it.</p>
        ) : (
          <ul class="reasons">
            {card.limits.map((limit) => (
              <li key={limit}>{limit}</li>
            ))}
          </ul>
        )}
      </Section>
      <LearnedFrom data={card.data as CardData | null} />
      {card.recipe.length > 0 && <Recipe recipe={card.recipe} />}
      {card.reproduce !== null && <Again model={model} version={version} />}
    </div>
  );
}

function LearnedFrom({ data }: { data: CardData | null }) {
  if (data === null) {
    return (
      <Section title="What it learned from">
        <p class="muted">It was not trained here, or its job is gone: that is not known.</p>
      </Section>
    );
  }
  const { dataset, version, sha256, split, rows } = data;
  return (
    <Section title="What it learned from">
      <dl class="card-facts">
        <dt>Data</dt>
        <dd>
          <a href={linkTo(['data', dataset])}>{dataset}</a>
          {version !== null && `, version ${version}`}
        </dd>
        <dt>SHA-256</dt>
        <dd>
          <code class="digest">{sha256 ?? 'not recorded'}</code>
        </dd>
        <dt>Divided</dt>
        <dd>
          {split.by === undefined
            ? `${formatNumber(100 * split.validation)} % of the training rows decide`
            : `by ${split.by}${split.column === null || split.column === undefined ? '' : ` ${split.column}`}`}
        </dd>
        {rows && (
          <>
            <dt>Rows</dt>
            <dd>
              {formatNumber(rows.train)} to train, {formatNumber(rows.validation)} to decide,{' '}
              {formatNumber(rows.test)} to test, {formatNumber(rows.left_out)} left out
            </dd>
          </>
        )}
      </dl>
    </Section>
  );
}

function Recipe({ recipe }: { recipe: Card['recipe'] }) {
  return (
    <Section title="How it was trained">
      <div class="table-frame" role="region" aria-label="Recipe" tabIndex={0}>
        <table class="recipe-table">
          <thead>
            <tr>
              <th scope="col">Setting</th>
              <th scope="col">Value</th>
              <th scope="col">Why</th>
            </tr>
          </thead>
          <tbody>
            {recipe.map(({ field, value, reason }) => (
              <tr key={field}>
                <th scope="row">{field}</th>
                <td>
                  <code>{typeof value === 'string' ? value : JSON.stringify(value)}</code>
                </td>
                <td class="muted">{reason ?? 'asked for, or the default'}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </Section>
  );
}

/** Trains it once more, and goes to the job that says whether the bits are equal. */
function Again({ model, version }: { model: string; version: number }) {
  const [error, setError] = useState<unknown>();
  const [isBusy, setIsBusy] = useState(false);
  const reproduce = (): void => {
    setIsBusy(true);
    api.post('/v1/jobs', { body: { reproduce: { model, version } } }).then(
      ({ id }) => goTo(['jobs', id]),
      (reason: unknown) => {
        setError(reason);
        setIsBusy(false);
      },
    );
  };
  return (
    <Section
      title="Does it come out again?"
      actions={
        <button type="button" disabled={isBusy} onClick={reproduce}>
          Train it again
        </button>
      }
    >
      <p class="muted">
        The same data, settings, seed and engine must give the same file, byte by byte. The job says whether
        they do, and publishes nothing.
      </p>
      {error !== undefined && <ErrorNotice error={error} />}
    </Section>
  );
}
