/** A canvas that is as sharp as the screen, painted anew when what it shows, its size or the theme changes. */
import { useEffect, useLayoutEffect, useRef } from 'preact/hooks';
import { isDark } from '../shell/theme.js';

export interface PaintedCanvasProps {
  /** What it shows, for those who cannot see it. */
  label: string;
  /** Of its box: width by height, or the height alone. */
  ratio?: number;
  heightPx?: number;
  /** Draws in CSS pixels. */
  paint: (context: CanvasRenderingContext2D, width: number, height: number) => void;
  /** A change of these paints anew. */
  inputs: readonly unknown[];
  class?: string;
  onPointerMove?: (event: PointerEvent) => void;
  onPointerLeave?: () => void;
}

export function PaintedCanvas({ label, ratio, heightPx, paint, inputs, ...more }: PaintedCanvasProps) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const latestPaint = useRef(paint);
  latestPaint.current = paint;

  // Before the browser paints, so that nothing moves.
  useLayoutEffect(() => {
    if (!canvas.current) return;
    canvas.current.style.aspectRatio = ratio === undefined ? '' : String(ratio);
    canvas.current.style.height = heightPx === undefined ? '' : `${heightPx}px`;
  }, [ratio, heightPx]);

  useEffect(() => {
    const element = canvas.current;
    if (!element) return;
    const draw = (): void => paintSharply(element, latestPaint.current);
    draw();
    const resized = new ResizeObserver(draw);
    resized.observe(element);
    return () => resized.disconnect();
  }, [...inputs, ratio, heightPx, isDark.value]);

  return <canvas ref={canvas} role="img" aria-label={label} {...more} />;
}

function paintSharply(element: HTMLCanvasElement, paint: PaintedCanvasProps['paint']): void {
  const { clientWidth: width, clientHeight: height } = element;
  const context = element.getContext('2d');
  if (!context || width === 0 || height === 0) return;
  element.width = Math.round(width * devicePixelRatio);
  element.height = Math.round(height * devicePixelRatio);
  context.setTransform(devicePixelRatio, 0, 0, devicePixelRatio, 0, 0);
  paint(context, width, height);
}
