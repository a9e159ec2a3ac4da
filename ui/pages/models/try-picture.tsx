/** A picture that is drawn, dropped or chosen: what the network sees of it, and what it answers. */
import { useEffect, useId, useState } from 'preact/hooks';
import { DrawingPad } from '../../parts/drawing-pad.js';
import { FileDrop, takeFirst } from '../../parts/file-drop.js';
import { ErrorNotice, Notice } from '../../parts/notice.js';
import { Section } from '../../parts/page.js';
import { PixelPicture, type PictureShape } from '../../parts/pixel-picture.js';
import { api, type ModelVersion } from '../../service/api.js';
import { Answer } from './answer.js';
import { usePrediction, type PredictionAnswer } from './use-prediction.js';

interface ChosenPicture {
  file: Blob;
  /** '' of a drawing. */
  name: string;
}

export function TryPicture({ version, shape }: { version: ModelVersion; shape: PictureShape }) {
  const [picture, setPicture] = useState<ChosenPicture | null>(null);
  const { answer, error } = usePrediction(
    (signal) => (picture ? predictPicture(version, picture.file, signal) : new Promise(() => undefined)),
    [version.version, picture],
  );
  const current = picture ? answer : undefined;
  /** Digits are drawn as they were learned from; other pictures cannot be. */
  const isDrawing = version.image === undefined || version.image.fit === 'digit';
  return (
    <div class="try-picture">
      {isDrawing && (
        <Section title="Draw">
          <DrawingPad
            size={shape.width}
            label="Draw here"
            onChange={(png, pixels) =>
              setPicture(pixels.every((pixel) => pixel === 0) ? null : { file: png, name: '' })
            }
          />
        </Section>
      )}
      <Section title="It answers">
        {error !== undefined && <ErrorNotice error={error} />}
        <Answer prediction={current?.predictions[0]} labels={version.labels} isOld={error !== undefined} />
        {(current?.warnings ?? []).map(({ code, message }) => (
          <Notice key={code} kind="warning">
            {message}
          </Notice>
        ))}
      </Section>
      <Section title={isDrawing ? 'Or a picture file' : 'A picture file'}>
        <DropField picture={picture} onChoose={(file) => setPicture({ file, name: file.name })} />
        <div class="row seen">
          <PixelPicture
            label="The picture as the network gets it"
            shape={shape}
            pixels={current?.predictions[0]?.network_inputs}
          />
          <p class="small muted">
            What the network sees: {shape.width} × {shape.height} pixels
            {isDrawing ? ', light on dark, cropped and centred' : ''}.
          </p>
        </div>
      </Section>
    </div>
  );
}

async function predictPicture(
  { model, version }: ModelVersion,
  file: Blob,
  signal: AbortSignal,
): Promise<PredictionAnswer> {
  const query = new URLSearchParams({ model, version: String(version), network_inputs: 'true' });
  const type = file.type === '' ? 'application/octet-stream' : file.type;
  const answer = await api.fetch(`/predict?${query.toString()}`, {
    method: 'POST',
    headers: { 'content-type': type },
    body: file,
    signal,
  });
  return (await answer.json()) as PredictionAnswer;
}

function DropField({ picture, onChoose }: { picture: ChosenPicture | null; onChoose: (file: File) => void }) {
  const id = useId();
  return (
    <FileDrop class="drop-picture" onFile={onChoose}>
      {picture && picture.name !== '' && <DroppedPicture picture={picture} />}
      <label for={id}>Drop a picture here, or choose one</label>
      <input
        id={id}
        type="file"
        accept="image/*"
        onChange={({ currentTarget }) => takeFirst(currentTarget.files, onChoose)}
      />
    </FileDrop>
  );
}

function DroppedPicture({ picture }: { picture: ChosenPicture }) {
  const [url, setUrl] = useState<string>();
  useEffect(() => {
    const made = URL.createObjectURL(picture.file);
    setUrl(made);
    return () => URL.revokeObjectURL(made);
  }, [picture]);
  return url === undefined ? null : <img src={url} alt={`The picture ${picture.name}`} />;
}
