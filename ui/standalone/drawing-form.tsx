/** A drawing, as the model of square pictures gets it. */
import { useState } from 'preact/hooks';
import { usePrediction } from '../pages/models/use-prediction.js';
import { DrawingPad } from '../parts/drawing-pad.js';
import { Section } from '../parts/page.js';
import { PixelPicture } from '../parts/pixel-picture.js';
import { AnswerSection } from './answer-section.js';
import type { StandaloneModel } from './model.js';

export function DrawingForm({ model, side }: { model: StandaloneModel; side: number }) {
  /** (side, side); null: nothing is drawn. */
  const [pixels, setPixels] = useState<number[] | null>(null);
  const { answer, error } = usePrediction(
    () => (pixels ? model.predict([pixels]) : new Promise(() => undefined)),
    [pixels],
  );
  const draw = async (png: Blob): Promise<void> => {
    const picture = await greyOf(png);
    const isBlank = picture.grey.every((grey) => grey === 0);
    setPixels(isBlank ? null : Array.from(model.pixelsOf(picture)));
  };
  return (
    <div class="try-picture">
      <Section title="Draw">
        <DrawingPad size={side} label="Draw here" onChange={(png) => void draw(png)} />
      </Section>
      <AnswerSection model={model} answer={pixels ? answer : undefined} error={error}>
        <div class="row seen">
          <PixelPicture label="The picture as the network gets it" side={side} pixels={pixels} />
          <p class="small muted">
            What the network sees: {side} × {side} pixels, light on dark, cropped and centred.
          </p>
        </div>
      </AnswerSection>
    </div>
  );
}

/** The grey levels of a drawing. It has no colours, so that any of them will do. */
async function greyOf(png: Blob): Promise<{ width: number; height: number; grey: Uint8Array }> {
  const bitmap = await createImageBitmap(png);
  const { width, height } = bitmap;
  const context = new OffscreenCanvas(width, height).getContext('2d');
  if (!context) throw new Error('This browser cannot read the drawing');
  context.drawImage(bitmap, 0, 0);
  const { data } = context.getImageData(0, 0, width, height);
  return {
    width,
    height,
    grey: Uint8Array.from({ length: width * height }, (_, pixel) => data[4 * pixel] ?? 0),
  };
}
