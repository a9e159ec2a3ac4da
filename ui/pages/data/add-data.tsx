/** Takes a file that is dropped, chosen or pasted, and sends it to the service. The dataset's page shows how it is read. */
import { useId, useRef, useState } from 'preact/hooks';
import { FileDrop, takeFirst } from '../../parts/file-drop.js';
import { Field } from '../../parts/field.js';
import { formatBytes } from '../../parts/format.js';
import { ErrorNotice, Notice } from '../../parts/notice.js';
import { ProgressBar } from '../../parts/progress-bar.js';
import { api } from '../../service/api.js';
import { goTo } from '../../shell/router.js';
import { datasetNameOf, datasetNamePattern } from './file-name.js';

interface Sending {
  sent: number;
  total: number;
}

export function AddData() {
  const [file, setFile] = useState<File>();
  const [isPasting, setIsPasting] = useState(false);
  if (file !== undefined) return <SendFile key={file.name} file={file} onBack={() => setFile(undefined)} />;
  if (isPasting) return <PasteRows onRows={setFile} onBack={() => setIsPasting(false)} />;
  return <DropZone onFile={setFile} onPaste={() => setIsPasting(true)} />;
}

function DropZone({ onFile, onPaste }: { onFile: (file: File) => void; onPaste: () => void }) {
  const input = useRef<HTMLInputElement>(null);
  const id = useId();
  return (
    <FileDrop class="drop" onFile={onFile}>
      <p class="empty-title">Drop a file here</p>
      <p class="muted small">
        CSV, TSV, JSON Lines or Parquet, also gzipped. One row a case, one column a property.
      </p>
      <div class="actions">
        <button type="button" class="primary" onClick={() => input.current?.click()}>
          Choose a file
        </button>
        <button type="button" onClick={onPaste}>
          Paste rows
        </button>
      </div>
      <label for={id} class="visually-hidden">
        File with the data
      </label>
      <input
        ref={input}
        id={id}
        type="file"
        class="visually-hidden"
        tabIndex={-1}
        onChange={({ currentTarget }) => takeFirst(currentTarget.files, onFile)}
      />
    </FileDrop>
  );
}

function PasteRows({ onRows, onBack }: { onRows: (file: File) => void; onBack: () => void }) {
  const [text, setText] = useState('');
  return (
    <form
      class="stack"
      onSubmit={(event) => {
        event.preventDefault();
        onRows(new File([text], 'pasted.csv', { type: 'text/csv' }));
      }}
    >
      <Field
        label="Rows"
        hint="The first line has the names of the columns. Rows copied from a spreadsheet work too."
      >
        <textarea
          class="paste"
          required
          placeholder={'age,city,bought\n31,Oslo,yes\n54,Bergen,no'}
          value={text}
          onInput={({ currentTarget }) => setText(currentTarget.value)}
        />
      </Field>
      <div class="actions">
        <button type="submit" class="primary">
          Continue
        </button>
        <button type="button" onClick={onBack}>
          Back
        </button>
      </div>
    </form>
  );
}

type FirstLine = 'auto' | 'names' | 'row';

function SendFile({ file, onBack }: { file: File; onBack: () => void }) {
  const [name, setName] = useState(datasetNameOf(file.name) || 'data');
  const [firstLine, setFirstLine] = useState<FirstLine>('auto');
  const [sending, setSending] = useState<Sending>();
  const [error, setError] = useState<unknown>();
  const send = async (): Promise<void> => {
    setError(undefined);
    setSending({ sent: 0, total: file.size });
    try {
      const { version } = await api.uploadDataset(file, {
        name,
        ...(firstLine !== 'auto' && { header: firstLine === 'names' }),
        onProgress: (sent, total) => setSending({ sent, total: total ?? file.size }),
      });
      goTo(['data', name], { version: String(version) });
    } catch (reason) {
      setError(reason);
      setSending(undefined);
    }
  };
  return (
    <form
      class="stack"
      onSubmit={(event) => {
        event.preventDefault();
        void send();
      }}
    >
      <p>
        <strong>{file.name}</strong> <span class="muted">{formatBytes(file.size)}</span>
      </p>
      {file.size === 0 && (
        <Notice kind="error" title="The file is empty">
          Take another file, or save this one again from the program that made it.
        </Notice>
      )}
      {error !== undefined && <ErrorNotice error={error} />}
      <Field
        label="Name of the dataset"
        hint="Small letters, digits, dots, hyphens and underscores. A name that exists gets a new version."
      >
        <input
          required
          maxLength={64}
          pattern={datasetNamePattern}
          value={name}
          disabled={sending !== undefined}
          onInput={({ currentTarget }) => setName(currentTarget.value)}
        />
      </Field>
      <Field label="First line of a CSV">
        <select
          value={firstLine}
          disabled={sending !== undefined}
          onChange={({ currentTarget }) => setFirstLine(currentTarget.value as FirstLine)}
        >
          <option value="auto">Find out what it has</option>
          <option value="names">It has the names of the columns</option>
          <option value="row">It is a row like the others</option>
        </select>
      </Field>
      {sending && (
        <div aria-live="polite">
          <ProgressBar
            value={sending.total > 0 ? sending.sent / sending.total : undefined}
            label={`Sending ${file.name}`}
          />
          <p class="small muted">
            {formatBytes(sending.sent)} of {formatBytes(sending.total)} sent
          </p>
        </div>
      )}
      <div class="actions">
        <button type="submit" class="primary" disabled={sending !== undefined || file.size === 0}>
          Add this data
        </button>
        <button type="button" disabled={sending !== undefined} onClick={onBack}>
          Take another file
        </button>
      </div>
    </form>
  );
}
