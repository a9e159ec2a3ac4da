/** The files of a version: for programs, for other libraries, and to read. */
import { useState } from 'preact/hooks';
import { formatBytes } from '../../parts/format.js';
import { ErrorNotice } from '../../parts/notice.js';
import { Section } from '../../parts/page.js';
import { api, type ModelVersion } from '../../service/api.js';

interface FileOffer {
  /** After that of the version. */
  path: string;
  ending: string;
  label: string;
  sizeBytes?: number;
  what: string;
}

/** The runtime of a file that predicts on its own, and in a page its form; measured. */
const runtimeBytes = { mjs: 82_000, html: 132_000 };

/** Parameters are float32, and in base64 four characters are three bytes. */
function standaloneBytes({ parameters }: ModelVersion, kind: keyof typeof runtimeBytes): number {
  return (parameters * 4 * 4) / 3 + runtimeBytes[kind];
}

function offersOf(version: ModelVersion, hasEvaluation: boolean): [title: string, offers: FileOffer[]][] {
  const { columns, file } = version;
  const form = columns ? 'a form' : 'a place for pictures or numbers';
  return [
    [
      'Runs on its own',
      [
        {
          path: 'model.html',
          ending: 'html',
          label: 'A page',
          sizeBytes: standaloneBytes(version, 'html'),
          what: `One file with ${form} that answers in any browser, without a network.`,
        },
        {
          path: 'model.mjs',
          ending: 'mjs',
          label: 'A JavaScript module',
          sizeBytes: standaloneBytes(version, 'mjs'),
          what: 'One file for Node.js and browsers: import { predict } from it.',
        },
      ],
    ],
    [
      'For other libraries',
      [
        {
          path: 'model.safetensors',
          ending: 'safetensors',
          label: 'Weights',
          sizeBytes: file.size_bytes,
          what: 'safetensors, with PyTorch’s names: load_file and load_state_dict read it.',
        },
        {
          path: 'model.pth',
          ending: 'pth',
          label: 'PyTorch weights',
          sizeBytes: file.size_bytes,
          what: 'torch.load with weights_only=True reads it.',
        },
        {
          path: 'model.py',
          ending: 'py',
          label: 'PyTorch network',
          what: 'The module for these weights, with what comes before and after it.',
        },
        {
          path: 'model.onnx',
          ending: 'onnx',
          label: 'ONNX',
          sizeBytes: file.size_bytes,
          what: 'One graph with the preprocessing and the labels, for ONNX Runtime and others.',
        },
        {
          path: 'tfjs.zip',
          ending: 'tfjs.zip',
          label: 'TensorFlow.js',
          sizeBytes: version.parameters * 4,
          what: 'A layers model. tf.loadLayersModel also takes the URL …/tfjs/model.json of this version.',
        },
      ],
    ],
    [
      'To read',
      [
        {
          path: 'card?format=markdown',
          ending: 'md',
          label: 'Card',
          what: 'What it learned from, how good it is, and what it should not be used for, as Markdown.',
        },
        ...(hasEvaluation
          ? [
              {
                path: 'evaluation',
                ending: 'evaluation.json',
                label: 'Evaluation',
                what: 'All figures of this version, as JSON.',
              },
            ]
          : []),
      ],
    ],
  ];
}

export function Downloads({ version, hasEvaluation }: { version: ModelVersion; hasEvaluation: boolean }) {
  const { model, version: number } = version;
  const at = `/v1/models/${encodeURIComponent(model)}`;
  return (
    <Section title="Download">
      {offersOf(version, hasEvaluation).map(([title, offers]) => (
        <div key={title} class="stack">
          <h3>{title}</h3>
          <ul class="plain-list downloads">
            {offers.map(({ path, ending, label, sizeBytes, what }) => (
              <li key={path}>
                <Download
                  path={`${at}/versions/${number}/${path}`}
                  file={`${model}-v${number}.${ending}`}
                  label={sizeBytes === undefined ? label : `${label} (${formatBytes(Math.round(sizeBytes))})`}
                />
                <span class="small muted">{what}</span>
              </li>
            ))}
            {title === 'To read' && (
              <li>
                <Download
                  path={`${at}/openapi.json`}
                  file={`${model}-openapi.json`}
                  label="OpenAPI document"
                />
                <span class="small muted">Its columns and its answer, for generators of clients.</span>
              </li>
            )}
          </ul>
        </div>
      ))}
    </Section>
  );
}

/** A link cannot send a key, so the file is fetched and handed over. */
export function Download({ path, file, label }: { path: string; file: string; label: string }) {
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
