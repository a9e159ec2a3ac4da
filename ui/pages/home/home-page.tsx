/** The first page: what runs now, the newest models, the datasets; and on an empty service three ways to begin. */
import { Empty, Page, Section } from '../../parts/page.js';
import { ErrorNotice } from '../../parts/notice.js';
import { useResource } from '../../parts/use-resource.js';
import { linkTo } from '../../shell/router.js';
import { loadOverview, type Overview } from './overview.js';
import { DatasetCard, JobCard, ModelCard } from './cards.js';
import { WaysToBegin } from './ways-to-begin.js';

const everyMs = 1_500;

export default function HomePage() {
  const { data, error } = useResource(loadOverview, [], everyMs);
  return (
    <Page title="Trainyard" lead="Train neural networks on your own data, and serve them over HTTP.">
      {error !== undefined && <ErrorNotice error={error} />}
      {data && (isEmpty(data) ? <WaysToBegin /> : <Dashboard overview={data} />)}
    </Page>
  );
}

function isEmpty({ active, models, datasets }: Overview): boolean {
  return (
    active.length === 0 && models.length === 0 && datasets.every(({ created_at }) => created_at === null)
  );
}

function Dashboard({ overview: { active, models, datasets } }: { overview: Overview }) {
  return (
    <>
      <Section title="Now" actions={<a href={linkTo(['jobs'])}>All jobs</a>}>
        {active.length === 0 ? (
          <Empty title="Nothing is being trained">
            <a href={linkTo(['data'])}>Choose data to train on</a>
          </Empty>
        ) : (
          <ul class="grid plain-list">
            {active.map((job) => (
              <JobCard key={job.id} job={job} />
            ))}
          </ul>
        )}
      </Section>
      <Section title="Newest models" actions={<a href={linkTo(['models'])}>All models</a>}>
        {models.length === 0 ? (
          <Empty title="There is no model yet">A job that succeeds publishes one.</Empty>
        ) : (
          <ul class="grid plain-list">
            {models.map((model) => (
              <ModelCard key={model.name} model={model} />
            ))}
          </ul>
        )}
      </Section>
      <Section
        title="Datasets"
        actions={
          <a class="button" href={linkTo(['data'])}>
            Add data
          </a>
        }
      >
        <ul class="grid plain-list">
          {datasets.map((dataset) => (
            <DatasetCard key={dataset.name} dataset={dataset} />
          ))}
        </ul>
      </Section>
    </>
  );
}
