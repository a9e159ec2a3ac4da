/** A small square picture of grey pixels, from 0 to 255. */
import { PaintedCanvas } from './painted-canvas.js';
import { pixelImage } from './pixel-image.js';

export function PixelPicture({
  class: className = 'pixel-picture',
  label,
  pixels,
  side,
}: {
  class?: string;
  label: string;
  /** (side, side), row by row; black until they are known. */
  pixels: readonly number[] | null | undefined;
  side: number;
}) {
  const paint = (context: CanvasRenderingContext2D, width: number): void => {
    context.imageSmoothingEnabled = false;
    const image = pixelImage(side, side, (pixel) => {
      const grey = pixels?.[pixel] ?? 0;
      return [grey, grey, grey];
    });
    context.drawImage(image, 0, 0, width, width);
  };
  return <PaintedCanvas class={className} label={label} ratio={1} paint={paint} inputs={[pixels]} />;
}
