/** A small picture of pixels from 0 to 255, in grey or in colour. */
import { PaintedCanvas } from './painted-canvas.js';
import { pixelImage } from './pixel-image.js';

export interface PictureShape {
  width: number;
  height: number;
  /** 1: grey. 3: red, green, blue. */
  channels: number;
}

export function PixelPicture({
  class: className = 'pixel-picture',
  label,
  pixels,
  side,
  shape: { width, height, channels } = { width: side ?? 1, height: side ?? 1, channels: 1 },
}: {
  class?: string;
  label: string;
  /** (channels, height, width), row by row; black until they are known. */
  pixels: readonly number[] | null | undefined;
  /** Of a grey square, instead of `shape`. */
  side?: number;
  shape?: PictureShape;
}) {
  const paint = (context: CanvasRenderingContext2D, across: number): void => {
    context.imageSmoothingEnabled = false;
    const image = pixelImage(width, height, (pixel) => {
      const level = (channel: number): number =>
        pixels?.[(channels === 3 ? channel : 0) * width * height + pixel] ?? 0;
      return [level(0), level(1), level(2)];
    });
    context.drawImage(image, 0, 0, across, (across * height) / width);
  };
  return (
    <PaintedCanvas class={className} label={label} ratio={width / height} paint={paint} inputs={[pixels]} />
  );
}
