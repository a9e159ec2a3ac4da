/** Look inside a model: the job that trains it now, or its newest version. */
import { ErrorNotice } from '../../parts/notice.js';
import { Empty, Page } from '../../parts/page.js';
import { useResource } from '../../parts/use-resource.js';
import type { PageProps } from '../../shell/page-props.js';
import { linkTo } from '../../shell/router.js';
import { JobView } from './job-view.js';
import './look-inside.css';
import { NetworkView } from './network-view.js';
import { findInside, seeByJob, type Inside } from './sources.js';
import { VersionView } from './version-view.js';

export default function LookInsidePage({ params: { name = '' } }: PageProps) {
  const { data: found, error } = useResource((signal) => findInside(name, signal), [name]);
  return (
    <Page
      title={`Inside ${name}`}
      lead="What the network has learnt, and what it makes of what it sees."
      above={[
        [linkTo(['models']), 'Models'],
        [linkTo(['models', name]), name],
      ]}
    >
      {error !== undefined && <ErrorNotice error={error} />}
      {found && <Content name={name} found={found} />}
    </Page>
  );
}

function Content({ name, found: { activeJob, version, versionJob } }: { name: string; found: Inside }) {
  if (activeJob !== null) {
    return (
      <JobView jobId={activeJob}>
        {(network) => <NetworkView network={network} see={seeByJob(activeJob)} />}
      </JobView>
    );
  }
  if (version !== null) return <VersionView name={name} version={version} jobId={versionJob} />;
  return (
    <Empty title="There is nothing to look into yet">
      No job trains {name}, and it has no version that answers.{' '}
      <a href={linkTo(['data'])}>Choose data to train on</a>
    </Empty>
  );
}
