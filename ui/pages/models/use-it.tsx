/** How programs use a model: requests to copy, and files to download. */
import { useState } from 'preact/hooks';
import { CodeBlock } from '../../parts/code-block.js';
import { ErrorNotice } from '../../parts/notice.js';
import { Section } from '../../parts/page.js';
import { Tabs } from '../../parts/tabs.js';
import { useResource } from '../../parts/use-resource.js';
import { api, serviceUrl, type ModelVersion } from '../../service/api.js';
import { key } from '../../service/key.js';
import { Downloads } from './downloads.js';
import { exampleRow, snippetsOf, type SnippetContext } from './snippets.js';

export function UseIt({ version, hasEvaluation }: { version: ModelVersion; hasEvaluation: boolean }) {
  return (
    <div class="stack">
      <Snippets version={version} />
      <Downloads version={version} hasEvaluation={hasEvaluation} />
    </div>
  );
}

function Snippets({ version }: { version: ModelVersion }) {
  const { model, columns } = version;
  const [tab, setTab] = useState('curl');
  const { data: sample, error } = useResource(
    async (signal): Promise<SnippetContext['sample']> =>
      columns ? exampleRow(columns) : exampleNumbers(model, signal),
    [model, version.version],
  );
  const snippets = sample ? snippetsOf({ url: serviceUrl, model, sample, needsKey: key.value !== '' }) : [];
  const current = snippets.find(({ id }) => id === tab);
  return (
    <Section title="Ask it from a program">
      <p class="muted">
        Each works as it stands, and asks the latest version.
        {key.value !== '' && (
          <>
            {' '}
            Put your key into the environment first: <code>export TRAINYARD_KEY=…</code>
          </>
        )}
      </p>
      {error !== undefined && <ErrorNotice error={error} />}
      {current && (
        <Tabs tabs={snippets} current={tab} onChange={setTab} label="Languages">
          <div class="tab-content snippet">
            <CodeBlock key={tab} code={current.code} label={current.title} />
          </div>
        </Tabs>
      )}
    </Section>
  );
}

/** The example in the model's own OpenAPI document. */
async function exampleNumbers(model: string, signal: AbortSignal): Promise<readonly number[]> {
  const document = (await api.get('/v1/models/{name}/openapi.json', {
    params: { path: { name: model } },
    signal,
  })) as {
    paths: {
      '/predict': {
        post: { requestBody: { content: { 'application/json': { example: { inputs: number[][] } } } } };
      };
    };
  };
  return document.paths['/predict'].post.requestBody.content['application/json'].example.inputs[0] ?? [];
}
