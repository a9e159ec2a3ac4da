/** Trying a model: a form of its columns, a drawing, or numbers, with the answer as one goes. */
import type { ModelVersion } from '../../service/api.js';
import { Notice } from '../../parts/notice.js';
import { Section } from '../../parts/page.js';
import { linkTo } from '../../shell/router.js';
import { mainSplit, pictureOf, type ShownModel } from './model-data.js';
import { TryPicture } from './try-picture.js';
import { TryTable } from './try-table.js';

/** `row`: of the dataset that it learned from, to begin with. */
export function TryIt({
  shown: { version, evaluation },
  row,
}: {
  shown: ShownModel & { version: ModelVersion };
  row: number | undefined;
}) {
  const picture = pictureOf(version);
  if (version.columns) {
    const residuals = evaluation ? mainSplit(evaluation)?.[1].residuals : undefined;
    return <TryTable version={version} columns={version.columns} row={row} residuals={residuals} />;
  }
  if (picture !== undefined) return <TryPicture version={version} shape={picture} />;
  return (
    <Section title="Try it">
      <Notice kind="info" title={`It takes ${version.network.inputs} numbers`}>
        There is no form for these. Under{' '}
        <a href={linkTo(['models', version.model], { tab: 'use' })}>Use it</a> is a request that works as it
        stands.
      </Notice>
    </Section>
  );
}
