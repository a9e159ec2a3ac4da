/** How programs use a model: requests to copy, and files to download. */
import { useState } from 'preact/hooks';
import { CodeBlock } from '../../parts/code-block.js';
import { formatBytes } from '../../parts/format.js';
import { ErrorNotice } from '../../parts/notice.js';
import { Section } from '../../parts/page.js';
import { Tabs } from '../../parts/tabs.js';
import { useResource } from '../../parts/use-resource.js';
import { api, serviceUrl, type ModelVersion } from '../../service/api.js';
import { key } from '../../service/key.js';
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

const exports = [
  { format: 'pth', label: 'PyTorch weights', says: 'A state dict for torch.load; model.py has its network.' },
  {
    format: 'py',
    label: 'PyTorch module',
    says: 'The network, and what comes before and after it, in Python.',
  },
  {
    format: 'onnx',
    label: 'ONNX',
    says: 'One graph with the preprocessing and the labels, for ONNX Runtime and others.',
  },
] as const;

function Downloads({ version, hasEvaluation }: { version: ModelVersion; hasEvaluation: boolean }) {
  const { model, version: number, file } = version;
  const name = encodeURIComponent(model);
  return (
    <Section title="Download">
      <ul class="plain-list downloads">
        <li>
          <Download
            path={`/v1/models/${name}/versions/${number}/model.safetensors`}
            file={`${model}-v${number}.safetensors`}
            label={`Weights (${formatBytes(file.size_bytes)})`}
          />
          <span class="small muted">
            safetensors, with PyTorch’s names: load_file and load_state_dict read it.
          </span>
        </li>
        {exports.map(({ format, label, says }) => (
          <li key={format}>
            <Download
              path={`/v1/models/${name}/versions/${number}/model.${format}`}
              file={format === 'py' ? 'model.py' : `${model}-v${number}.${format}`}
              label={label}
            />
            <span class="small muted">{says}</span>
          </li>
        ))}
        <li>
          <Download
            path={`/v1/models/${name}/openapi.json`}
            file={`${model}-openapi.json`}
            label="OpenAPI document"
          />
          <span class="small muted">Its columns and its answer, for generators of clients.</span>
        </li>
        {hasEvaluation && (
          <li>
            <Download
              path={`/v1/models/${name}/versions/${number}/evaluation`}
              file={`${model}-v${number}-evaluation.json`}
              label="Evaluation"
            />
            <span class="small muted">All figures of this version, as JSON.</span>
          </li>
        )}
      </ul>
    </Section>
  );
}

/** A link cannot send a key, so the file is fetched and handed over. */
function Download({ path, file, label }: { path: string; file: string; label: string }) {
  const [error, setError] = useState<unknown>();
  const [isBusy, setIsBusy] = useState(false);
  const download = async (): Promise<void> => {
    setIsBusy(true);
    setError(undefined);
    try {
      const answer = await api.fetch(path);
      const url = URL.createObjectURL(await answer.blob());
      const link = document.createElement('a');
      link.href = url;
      link.download = file;
      link.click();
      setTimeout(() => URL.revokeObjectURL(url), 60_000);
    } catch (reason) {
      setError(reason);
    } finally {
      setIsBusy(false);
    }
  };
  return (
    <>
      <button type="button" disabled={isBusy} onClick={() => void download()}>
        {label}
      </button>
      {error !== undefined && <ErrorNotice error={error} />}
    </>
  );
}
