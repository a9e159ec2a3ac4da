/** A sweep: how far it is, the best it has found, what matters, and all of its trials. */
import { useState } from 'preact/hooks';
import { Bars } from '../../parts/bars.js';
import { Figure, Figures } from '../../parts/figure.js';
import { formatDuration, formatNumber, formatPercent } from '../../parts/format.js';
import { LineChart } from '../../parts/line-chart.js';
import { ErrorNotice } from '../../parts/notice.js';
import { Page, Section } from '../../parts/page.js';
import { ProgressBar } from '../../parts/progress-bar.js';
import { StatusBadge } from '../../parts/status-badge.js';
import { Age } from '../../parts/time.js';
import { useResource } from '../../parts/use-resource.js';
import { api, type Schemas, type Sweep, type Trial } from '../../service/api.js';
import type { PageProps } from '../../shell/page-props.js';
import { linkTo } from '../../shell/router.js';
import {
  bestSoFar,
  datasetOf,
  formatMetric,
  formatParameter,
  loadTrials,
  metricTitle,
  parameterTitle,
} from './sweep-data.js';
import { SweepActions } from './sweep-actions.js';
import { TrialCoordinates } from './trial-coordinates.js';
import { TrialsTable } from './trials-table.js';

const everyMs = 2_000;

export default function SweepPage({ params: { id = '' } }: PageProps) {
  const [isOver, setIsOver] = useState(false);
  const [chosen, setChosen] = useState<number>();
  const { data, error, reload } = useResource(
    async (signal) => {
      const path = { params: { path: { id } }, signal };
      const [sweep, importance, trials] = await Promise.all([
        api.get('/v1/sweeps/{id}', path),
        api.get('/v1/sweeps/{id}/importance', path),
        loadTrials(id, signal),
      ]);
      setIsOver(sweep.finished_at !== null);
      return { sweep, importance, trials };
    },
    [id],
    isOver ? undefined : everyMs,
  );
  const above = [[linkTo(['sweeps']), 'Sweeps']] as const;
  if (data === undefined) {
    return (
      <Page title="Sweep" above={above}>
        {error === undefined ? <p class="loading" aria-busy="true" /> : <ErrorNotice error={error} />}
      </Page>
    );
  }
  const { sweep, importance, trials } = data;
  const dataset = datasetOf(sweep);
  return (
    <Page
      title={sweep.model}
      above={above}
      lead={
        <>
          Searches for the best settings
          {dataset !== undefined && (
            <>
              {' '}
              on <a href={linkTo(['data', dataset])}>{dataset}</a>
            </>
          )}
          , asked for <Age of={sweep.created_at} />
        </>
      }
      actions={<SweepActions sweep={sweep} reload={reload} />}
    >
      {error !== undefined && <ErrorNotice error={error} title="This page is not kept up to date" />}
      <Status sweep={sweep} />
      <Best sweep={sweep} />
      <BestSoFar sweep={sweep} trials={trials} />
      <WhatMatters parameters={importance.parameters} />
      <TrialCoordinates
        sweep={sweep}
        trials={trials}
        chosen={chosen}
        onChoose={(trial) => setChosen(trial === chosen ? undefined : trial)}
      />
      <Section title={trials.length === 1 ? '1 trial' : `${formatNumber(trials.length)} trials`}>
        <TrialsTable sweep={sweep} trials={trials} chosen={chosen} />
      </Section>
    </Page>
  );
}

const meanings: Record<Sweep['status'], string> = {
  running: 'Trials are trained, and new ones are chosen by what the others gave.',
  paused: 'No trial is added. Those under way go on to their end.',
  succeeded: 'The best trial was trained again, and published as the job says.',
  failed: 'No trial has a result.',
  cancelled: 'It was cancelled. Its trials stay listed.',
};

function Status({ sweep }: { sweep: Sweep }) {
  const { status, progress, trials, best, error, max_trials: most, max_seconds: seconds } = sweep;
  return (
    <section class="section" aria-label="Status">
      <div class="row">
        <span role="status">
          <StatusBadge status={status} />
        </span>
        <span>{error === null ? meanings[status] : `${error.code}: ${error.message}`}</span>
      </div>
      <ProgressBar value={progress.fraction} label="Progress" />
      <Figures>
        <Figure name={`Best ${metricTitle(sweep)}`} value={formatMetric(sweep, best?.value)}>
          {best === null ? 'no trial has a result yet' : `trial ${best.trial}`}
        </Figure>
        <Figure name="Trials" value={`${formatNumber(progress.trials_ended)} of ${formatNumber(most)}`}>
          {`${trials.running} running, ${trials.queued} waiting`}
        </Figure>
        <Figure name="Stopped early" value={formatNumber(trials.stopped)}>
          {trials.failed > 0 ? `${trials.failed} failed` : 'none failed'}
        </Figure>
        <Figure name="Took" value={formatDuration(progress.seconds)}>
          {seconds === null ? 'without a limit' : `of ${formatDuration(seconds)}`}
        </Figure>
      </Figures>
    </section>
  );
}

function Best({ sweep: { best, model, version, job_id: finalJob } }: { sweep: Sweep }) {
  if (best === null) return null;
  return (
    <Section title="Best settings">
      <Figures>
        {Object.entries(best.parameters).map(([path, value]) => (
          <Figure key={path} name={parameterTitle(path)} value={formatParameter(value)} />
        ))}
      </Figures>
      <p>
        Found by <a href={linkTo(['jobs', best.job_id])}>trial {best.trial}</a>
        {finalJob !== null && (
          <>
            , <a href={linkTo(['jobs', finalJob])}>trained again</a>
          </>
        )}
        {version !== null && (
          <>
            {' '}
            and published as <a href={linkTo(['models', model])}>version {version}</a>
          </>
        )}
        .
      </p>
    </Section>
  );
}

function BestSoFar({ sweep, trials }: { sweep: Sweep; trials: readonly Trial[] }) {
  if (!trials.some(({ value }) => value !== null)) return null;
  const name = metricTitle(sweep);
  return (
    <Section title="Best so far">
      <LineChart
        label={`Best ${name} after each of ${trials.length} trials`}
        x={trials.map(({ trial }) => trial)}
        xLabel="Trial"
        curves={[
          { label: 'Best so far', values: bestSoFar(sweep.goal, trials) },
          { label: 'This trial', values: trials.map(({ value }) => value), dotted: true },
        ]}
      />
    </Section>
  );
}

function WhatMatters({ parameters }: Pick<Schemas['SweepImportance'], 'parameters'>) {
  const [first] = parameters;
  if (first === undefined) return null;
  return (
    <Section title="Which settings matter">
      <p class="muted">
        How far the values of the best quarter of the trials differ from those of all trials.
      </p>
      <Bars
        label="Settings, the most important first"
        bars={parameters.map(({ parameter, importance }) => ({
          name: parameterTitle(parameter),
          share: first.importance === 0 ? 0 : importance / first.importance,
          value: formatPercent(importance, 0),
          title: parameter,
        }))}
      />
    </Section>
  );
}
