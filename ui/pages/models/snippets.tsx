/** How programs ask a model: to be copied as it stands. */
import { CodeBlock } from '../../parts/code-block.js';
import { Notice } from '../../parts/notice.js';
import { Section } from '../../parts/page.js';
import { serviceUrl, type ModelVersion } from '../../service/api.js';
import { key } from '../../service/key.js';
import { exampleRow } from './example-row.js';
import { snippetsFor } from './snippet-texts.js';

export function Snippets({ version: { model, version, columns, network } }: { version: ModelVersion }) {
  const input = columns ? exampleRow(columns) : Array.from({ length: network.inputs }, () => 0);
  const snippets = snippetsFor({ url: serviceUrl, model, input, needsKey: key.value !== '' });
  const base = `${serviceUrl}/v1/models/${encodeURIComponent(model)}`;
  return (
    <div class="stack">
      {key.value !== '' && (
        <Notice kind="info">
          The lines expect a key with the scope predict in the variable TRAINYARD_KEY.
        </Notice>
      )}
      {snippets.map(({ title, code }) => (
        <Section key={title} title={title}>
          <CodeBlock code={code} label={title} />
        </Section>
      ))}
      <Section title="Files">
        <ul>
          <li>
            <a href={`${base}/versions/${version}/model.safetensors`} download>
              model.safetensors
            </a>
            : the parameters and the preprocessing of version {version}
          </li>
          <li>
            <a href={`${base}/openapi.json`}>openapi.json</a>: what this model takes and answers, for
            generators of clients
          </li>
          <li>
            <a href={`${base}/versions/${version}/evaluation`}>evaluation</a>: its figures as JSON
          </li>
        </ul>
      </Section>
    </div>
  );
}
