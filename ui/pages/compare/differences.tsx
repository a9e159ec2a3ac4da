/** What differs between jobs: the settings that are not the same in all of them, and their figures. */
import { DataTable } from '../../parts/data-table.js';
import { Section } from '../../parts/page.js';
import type { Job } from '../../service/api.js';
import { differencesOf } from '../job/settings.js';
import { figuresIn, figuresOf, figureTitle, nameOf } from './compared-jobs.js';
import { formatFigure } from './jobs-table.js';

interface Row {
  path: string;
  name: string;
  texts: readonly string[];
}

export function Differences({ jobs }: { jobs: readonly Job[] }) {
  const differences = differencesOf(jobs);
  const figures = figuresIn(jobs).map((name) => ({
    path: name,
    name: figureTitle(name),
    texts: jobs.map((job) => formatFigure(name, figuresOf(job)[name])),
  }));
  return (
    <Section title="What differs">
      {differences.length === 0 && <p class="muted">All settings are the same.</p>}
      {differences.length > 0 && <Comparison label="Settings that differ" jobs={jobs} rows={differences} />}
      <h3>Figures of the best epoch</h3>
      <Comparison label="Figures of the best epoch" jobs={jobs} rows={figures} />
    </Section>
  );
}

function Comparison({ label, jobs, rows }: { label: string; jobs: readonly Job[]; rows: readonly Row[] }) {
  return (
    <DataTable
      label={label}
      rows={rows}
      keyOf={({ path }) => path}
      columns={[
        { id: 'name', title: label, cell: ({ name }) => name },
        ...jobs.map((job, i) => ({
          id: job.id,
          title: nameOf(job),
          cell: ({ texts }: Row) => <strong>{texts[i]}</strong>,
        })),
      ]}
    />
  );
}
