/** A small square picture of grey pixels, from 0 to 255. */
import { PaintedCanvas } from '../../parts/painted-canvas.js';
import { pixelImage } from '../../parts/pixel-image.js';

export function PixelPicture({
  label,
  pixels,
  side,
}: {
  label: string;
  /** (side, side), row by row; black until they are known. */
  pixels: readonly number[] | undefined;
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
  return <PaintedCanvas class="pixel-picture" label={label} ratio={1} paint={paint} inputs={[pixels]} />;
}
