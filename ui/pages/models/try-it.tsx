/** Asks a model: about a row that a form describes, or about a picture that is drawn or chosen. It answers while one types. */
import { useEffect, useState } from 'preact/hooks';
import { DrawingPad } from '../../parts/drawing-pad.js';
import { ErrorNotice, Notice } from '../../parts/notice.js';
import { Section } from '../../parts/page.js';
import { api, type ModelVersion, type Schemas } from '../../service/api.js';
import { Answer } from './answer.js';
import { exampleRow, type Cell, type ModelColumn } from './example-row.js';
import { RowForm } from './row-form.js';

type Response = Schemas['PredictionResponse'];

export function TryIt({ version }: { version: ModelVersion }) {
  const { columns } = version;
  return columns ? <TryRow version={version} columns={columns} /> : <TryPicture version={version} />;
}

function TryRow({ version, columns }: { version: ModelVersion; columns: readonly ModelColumn[] }) {
  const [row, setRow] = useState<Record<string, Cell>>(() => exampleRow(columns));
  const { answer, error } = useAnswer(version, { inputs: [row] });
  const warnings = new Map((answer?.warnings ?? []).map(({ column, message }) => [column ?? '', message]));
  return (
    <div class="columns">
      <Section title="A row">
        <RowForm columns={columns} row={row} warnings={warnings} onChange={setRow} />
      </Section>
      <AnswerSection version={version} answer={answer} error={error} />
    </div>
  );
}

function TryPicture({ version }: { version: ModelVersion }) {
  const { inputs } = version.network;
  const side = Math.sqrt(inputs);
  const [picture, setPicture] = useState<Blob | null>(null);
  const { answer, error } = usePictureAnswer(version, picture);
  if (!Number.isInteger(side)) {
    return (
      <Notice kind="info" title={`This model takes ${inputs} numbers`}>
        The tab “Use it” shows how a program sends them.
      </Notice>
    );
  }
  return (
    <div class="columns">
      <Section title="A picture">
        <DrawingPad size={side} onChange={(png) => setPicture(png)} />
        <label class="stack">
          <span>Or choose a picture, PNG or JPEG</span>
          <input
            type="file"
            accept="image/png,image/jpeg"
            onChange={({ currentTarget }) => setPicture(currentTarget.files?.[0] ?? null)}
          />
        </label>
      </Section>
      <AnswerSection version={version} answer={answer} error={error} />
    </div>
  );
}

function AnswerSection({
  version,
  answer,
  error,
}: {
  version: ModelVersion;
  answer: Response | undefined;
  error: unknown;
}) {
  const [prediction] = answer?.predictions ?? [];
  const general = (answer?.warnings ?? []).filter(({ column }) => column === undefined);
  return (
    <Section title={version.target?.length === 1 ? `Its answer: ${version.target.join()}` : 'Its answer'}>
      {error !== undefined && <ErrorNotice error={error} />}
      {prediction ? (
        <Answer prediction={prediction} labels={version.labels} />
      ) : (
        <p class="muted">The answer appears here.</p>
      )}
      {general.map(({ code, message }) => (
        <Notice key={code} kind="warning">
          {message}
        </Notice>
      ))}
    </Section>
  );
}

/** Between the last change and the question. */
const settledMs = 150;

interface Asked {
  answer: Response | undefined;
  error: unknown;
}

function useAnswer({ model, version }: ModelVersion, body: { inputs: Record<string, Cell>[] }): Asked {
  const ask = (signal: AbortSignal): Promise<Response> =>
    api.post('/predict', {
      body: { model, version, inputs: body.inputs as Record<string, never>[] },
      signal,
    });
  return useAsked(ask, JSON.stringify(body));
}

function usePictureAnswer({ model, version }: ModelVersion, picture: Blob | null): Asked {
  const ask = async (signal: AbortSignal): Promise<Response | undefined> => {
    if (picture === null) return undefined;
    const response = await api.fetch(`/predict?model=${encodeURIComponent(model)}&version=${version}`, {
      method: 'POST',
      headers: { 'content-type': picture.type },
      body: picture,
      signal,
    });
    return (await response.json()) as Response;
  };
  return useAsked(ask, picture);
}

/** Keeps the last answer until the next one is there. */
function useAsked(ask: (signal: AbortSignal) => Promise<Response | undefined>, question: unknown): Asked {
  const [asked, setAsked] = useState<Asked>({ answer: undefined, error: undefined });
  useEffect(() => {
    const controller = new AbortController();
    const timer = setTimeout(() => {
      ask(controller.signal).then(
        (answer) => setAsked({ answer, error: undefined }),
        (error: unknown) => {
          if (!controller.signal.aborted) setAsked(({ answer }) => ({ answer, error }));
        },
      );
    }, settledMs);
    return () => {
      clearTimeout(timer);
      controller.abort();
    };
  }, [question]);
  return asked;
}
