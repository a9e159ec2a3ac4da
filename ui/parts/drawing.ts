/** What is drawn on a drawing pad: strokes of a round pen, as light on dark, in units of the pad's side. */

export interface Stroke {
  /** Diameter of the pen. */
  width: number;
  points: [x: number, y: number][];
}

/** Draws the strokes over the whole of a square canvas. */
export function paintStrokes(
  context: CanvasRenderingContext2D,
  strokes: readonly Stroke[],
  { ink = '#fff', ground = '#000' } = {},
): void {
  const { width: side } = context.canvas;
  context.fillStyle = ground;
  context.fillRect(0, 0, side, side);
  context.strokeStyle = ink;
  context.lineCap = 'round';
  context.lineJoin = 'round';
  for (const { width, points } of strokes) {
    const [first, ...rest] = points;
    if (!first) continue;
    context.lineWidth = width * side;
    context.beginPath();
    context.moveTo(first[0] * side, first[1] * side);
    // A dot is a line of no length.
    for (const [x, y] of rest.length === 0 ? [first] : rest) context.lineTo(x * side, y * side);
    context.stroke();
  }
}

/** (size, size) The strokes as grey values from 0 to 255, row by row. */
export function pixelsOf(strokes: readonly Stroke[], size: number): Uint8Array {
  const fine = canvasOf(strokes, size * 8);
  const coarse = document.createElement('canvas');
  coarse.width = coarse.height = size;
  const context = coarse.getContext('2d', { willReadFrequently: true });
  if (!context) return new Uint8Array(size * size);
  context.imageSmoothingQuality = 'high';
  context.drawImage(fine, 0, 0, size, size);
  const { data } = context.getImageData(0, 0, size, size);
  return Uint8Array.from({ length: size * size }, (_, pixel) => data[pixel * 4] ?? 0);
}

/** As a PNG with much more than `size` pixels a side, so that the service scales a clean picture. */
export function pngOf(strokes: readonly Stroke[], size: number): Promise<Blob> {
  return new Promise((resolve, reject) => {
    canvasOf(strokes, size * 8).toBlob(
      (png) => (png ? resolve(png) : reject(new Error('The browser made no PNG of the drawing'))),
      'image/png',
    );
  });
}

function canvasOf(strokes: readonly Stroke[], side: number): HTMLCanvasElement {
  const canvas = document.createElement('canvas');
  canvas.width = canvas.height = side;
  const context = canvas.getContext('2d');
  if (context) paintStrokes(context, strokes);
  return canvas;
}
