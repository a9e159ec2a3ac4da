/** What came of a job: why it stopped, what is published and served, or the error and what to do. */
import { Notice } from '../../parts/notice.js';
import type { Job } from '../../service/api.js';
import { linkTo } from '../../shell/router.js';
import { adviceOn, whyStopped } from './words.js';

export function Outcome({ job }: { job: Job }) {
  const { error, last_error: lastError, publication, status, dataset } = job;
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
