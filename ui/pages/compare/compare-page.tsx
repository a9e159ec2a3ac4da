/** All jobs in a table of settings and figures, and some of them beside each other. */
import { useState } from 'preact/hooks';
import { Field } from '../../parts/field.js';
import { ErrorNotice } from '../../parts/notice.js';
import { Empty, Page, Section } from '../../parts/page.js';
import { useResource } from '../../parts/use-resource.js';
import type { Job } from '../../service/api.js';
import type { PageProps } from '../../shell/page-props.js';
import { linkTo, replaceQuery } from '../../shell/router.js';
import { loadJobs, matches, type Filter } from './compared-jobs.js';
import { Differences } from './differences.js';
import { JobsTable } from './jobs-table.js';
import { OverlaidCurves } from './overlaid-curves.js';
import { ParallelCoordinates } from './parallel-coordinates.js';
import './compare.css';

const everyMs = 3_000;
const pageOfJobs = 100;
/** As many as there are colours. */
const mostChosen = 8;

const statuses = ['queued', 'running', 'paused', 'succeeded', 'failed', 'cancelled'];

export default function ComparePage({ query }: PageProps) {
  const [count, setCount] = useState(pageOfJobs);
  const { data, error } = useResource((signal) => loadJobs(count, signal), [count], everyMs);
  const filter: Filter = {
    status: query.get('status') ?? '',
    model: query.get('model') ?? '',
    dataset: query.get('dataset') ?? '',
  };
  const chosenIds = (query.get('chosen') ?? '').split(',').filter((id) => id !== '');
  const change = (next: Partial<Filter & { chosen: string }>): void => {
    const all = { ...filter, chosen: chosenIds.join(','), ...next };
    replaceQuery(Object.fromEntries(Object.entries(all).filter(([, value]) => value !== '')));
  };
  const toggle = (id: string): void => {
    const isChosen = chosenIds.includes(id);
    const next = isChosen ? chosenIds.filter((each) => each !== id) : [...chosenIds, id].slice(-mostChosen);
    change({ chosen: next.join(',') });
  };
  const jobs = data?.jobs;
  const shown = (jobs ?? []).filter((job) => matches(job, filter));
  const chosen = chosenIds.flatMap((id) => jobs?.find((job) => job.id === id) ?? []);
  return (
    <Page
      title="Jobs"
      lead="Every training, with its settings and the figures of its best epoch. Choose some to compare them."
      actions={
        <a class="button primary" href={linkTo(['data'])}>
          Train
        </a>
      }
    >
      {error !== undefined && <ErrorNotice error={error} />}
      {jobs?.length === 0 && (
        <Empty title="There is no job yet">
          <a href={linkTo(['data'])}>Choose data to train on</a>
        </Empty>
      )}
      {jobs !== undefined && jobs.length > 0 && (
        <>
          <Filters jobs={jobs} filter={filter} onChange={change} />
          <Section
            title={shown.length === 1 ? '1 job' : `${shown.length} jobs`}
            actions={
              chosen.length > 0 && (
                <button type="button" class="small-button" onClick={() => change({ chosen: '' })}>
                  Choose none
                </button>
              )
            }
          >
            {shown.length === 0 ? (
              <p class="muted">No job is like that.</p>
            ) : (
              <JobsTable jobs={shown} chosen={chosenIds} onToggle={toggle} />
            )}
            {data?.hasMore && (
              <div>
                <button type="button" onClick={() => setCount(count + pageOfJobs)}>
                  Load older jobs
                </button>
              </div>
            )}
          </Section>
          {chosen.length > 0 && <OverlaidCurves jobs={chosen} />}
          {chosen.length > 1 && <Differences jobs={chosen} />}
          {shown.length > 2 && <ParallelCoordinates jobs={shown} chosen={chosenIds} onToggle={toggle} />}
        </>
      )}
    </Page>
  );
}

function Filters({
  jobs,
  filter,
  onChange,
}: {
  jobs: readonly Job[];
  filter: Filter;
  onChange: (next: Partial<Filter>) => void;
}) {
  const choices: [keyof Filter, string, readonly string[]][] = [
    ['status', 'Status', statuses],
    ['model', 'Model', distinct(jobs.map(({ model }) => model))],
    ['dataset', 'Dataset', distinct(jobs.map(({ dataset }) => dataset))],
  ];
  return (
    <form class="fields compare-filters" aria-label="Filters" onSubmit={(event) => event.preventDefault()}>
      {choices.map(([name, label, options]) => (
        <Field key={name} label={label}>
          <select
            value={filter[name]}
            onChange={({ currentTarget }) => onChange({ [name]: currentTarget.value })}
          >
            <option value="">all</option>
            {options.map((option) => (
              <option key={option}>{option}</option>
            ))}
          </select>
        </Field>
      ))}
    </form>
  );
}

function distinct(texts: readonly string[]): string[] {
  return [...new Set(texts)].sort();
}
