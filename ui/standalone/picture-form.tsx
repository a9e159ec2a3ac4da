/** A picture that is drawn, dropped or chosen, for a model that takes pictures. */
import { useId, useState } from 'preact/hooks';
import { usePrediction } from '../pages/models/use-prediction.js';
import { DrawingPad } from '../parts/drawing-pad.js';
import { FileDrop, takeFirst } from '../parts/file-drop.js';
import { Section } from '../parts/page.js';
import { PixelPicture, type PictureShape } from '../parts/pixel-picture.js';
import { AnswerSection } from './answer-section.js';
import type { StandaloneModel } from './model.js';

/** Larger squares hold more than a drawing. */
const mostDrawnSide = 64;

export function PictureForm({ model, shape }: { model: StandaloneModel; shape: PictureShape }) {
  const id = useId();
  /** As the network takes it; null: there is no picture. */
  const [pixels, setPixels] = useState<number[] | null>(null);
  const [problem, setProblem] = useState<unknown>();
  const { answer, error } = usePrediction(
    () => (pixels ? model.predict([pixels]) : new Promise(() => undefined)),
    [pixels],
  );
  const { width, height, channels } = shape;
  const isDrawn = channels === 1 && width === height && width <= mostDrawnSide;
  const isDigit = model.image === null || model.image.fit === 'digit';
  const show = async (file: Blob): Promise<void> => {
    try {
      setPixels(Array.from(model.inputOfPicture(new Uint8Array(await file.arrayBuffer()))));
      setProblem(undefined);
    } catch (reason) {
      setPixels(null);
      setProblem(reason);
    }
  };
  return (
    <div class="try-picture">
      {isDrawn && (
        <Section title="Draw">
          <DrawingPad
            size={width}
            label="Draw here"
            onChange={(png, drawn) =>
              drawn.every((pixel) => pixel === 0) ? setPixels(null) : void show(png)
            }
          />
        </Section>
      )}
      <Section title={isDrawn ? 'Or a picture file' : 'A picture file'}>
        <FileDrop class="drop-picture" onFile={(file) => void show(file)}>
          <label for={id}>Drop a picture here, or choose one</label>
          <input
            id={id}
            type="file"
            accept="image/png,image/jpeg"
            onChange={({ currentTarget }) => takeFirst(currentTarget.files, (file) => void show(file))}
          />
        </FileDrop>
      </Section>
      <AnswerSection model={model} answer={pixels ? answer : undefined} error={problem ?? error}>
        <div class="row seen">
          <PixelPicture label="The picture as the network gets it" shape={shape} pixels={pixels} />
          <p class="small muted">
            What the network sees: {width} × {height} pixels
            {isDigit ? ', light on dark, cropped and centred' : ''}.
          </p>
        </div>
      </AnswerSection>
    </div>
  );
}
