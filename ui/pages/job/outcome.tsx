/** What came of a job: why it stopped, what is published and served, or the error and what to do. */
import { formatNumber } from '../../parts/format.js';
import { Notice } from '../../parts/notice.js';
import type { Job } from '../../service/api.js';
import { linkTo } from '../../shell/router.js';
import { adviceOn, whyStopped } from './words.js';

export function Outcome({ job }: { job: Job }) {
  const { error, last_error: lastError, publication, reproduction, status, dataset } = job;
  return (
    <>
      {error !== null && (
        <Notice kind="error" title="The job has failed">
          <p>{error.message}</p>
          <p>
            {adviceOn(error.code)} <a href={linkTo(['data', dataset, 'train'])}>Train again</a>
          </p>
          <p class="small muted">
            <code>{error.code}</code>
          </p>
        </Notice>
      )}
      {error === null && lastError !== null && status !== 'succeeded' && (
        <Notice kind="warning" title="The last attempt was stopped; the job goes on">
          {lastError.message}
        </Notice>
      )}
      {reproduction && <Reproduced job={job} reproduction={reproduction} />}
      {publication ? (
        <Published job={job} publication={publication} />
      ) : (
        status !== 'failed' && <Stopped job={job} />
      )}
    </>
  );
}

function Stopped({ job }: { job: Job }) {
  const why = whyStopped(job);
  return why === null ? null : <Notice kind="info">{why}</Notice>;
}

function Reproduced({
  job: { spec, engine },
  reproduction: { model, version, equal, largest_difference: difference },
}: {
  job: Job;
  reproduction: NonNullable<Job['reproduction']>;
}) {
  const before = spec.reproduce?.device ?? null;
  const isElsewhere = before !== null && engine !== null && engine.device !== before;
  return (
    <Notice
      kind={equal ? 'success' : 'warning'}
      title={equal ? 'The same bits come out' : 'Trained again, other bits come out'}
    >
      <p>
        <a href={linkTo(['models', model], { version: String(version) })}>
          Version {version} of {model}
        </a>{' '}
        {equal
          ? 'comes out of the same data, settings and seed once more: the files are equal, byte by byte.'
          : 'is not what came out this time. Nothing is published.'}
      </p>
      {difference !== undefined && difference !== null && (
        <p>The largest difference of two weights is {formatNumber(difference, 3)}.</p>
      )}
      {!equal && isElsewhere && (
        <p>
          It was trained on {before}, and now on {engine.device}: each rounds in its own way.
        </p>
      )}
    </Notice>
  );
}

function Published({ job, publication }: { job: Job; publication: NonNullable<Job['publication']> }) {
  const { version, served, held, reasons = [] } = publication;
  const why = whyStopped(job);
  const isServed = served !== false;
  const title = isServed
    ? `Version ${version} is published`
    : held === true
      ? `Version ${version} is held: it is kept, and not served as latest`
      : `Version ${version} is published, and not served as latest`;
  return (
    <Notice kind={isServed ? 'success' : 'warning'} title={title}>
      {reasons.map((reason) => (
        <p key={reason}>{reason}</p>
      ))}
      {why !== null && <p>{why}</p>}
      <p>
        <a href={linkTo(['models', job.model])}>See the model {job.model}</a>
        {isServed && (
          <>
            {' or '}
            <a href={linkTo(['models', job.model], { tab: 'try' })}>try it</a>
          </>
        )}
      </p>
    </Notice>
  );
}
