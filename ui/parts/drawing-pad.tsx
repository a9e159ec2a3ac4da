/** A square to draw on with mouse, pen, finger or keyboard. Whoever listens gets the drawing as it grows. */
import { useEffect, useId, useRef, useState } from 'preact/hooks';
import './drawing-pad.css';
import { paintStrokes, pixelsOf, pngOf, type Stroke } from './drawing.js';

export interface DrawingPadProps {
  /** Pixels a side of the picture that the network takes. */
  size: number;
  /** `pixels` (size, size) from 0 to 255, row by row; the PNG is finer. Called with the blank pad after it is cleared. */
  onChange: (png: Blob, pixels: Uint8Array) => void;
  label?: string;
}

/** Fractions of the side: MNIST's digits are drawn with strokes about two of 28 pixels wide, after scaling. */
const pens = { thin: 0.05, medium: 0.08, thick: 0.12 } as const;
type Pen = keyof typeof pens;

/** Between two calls while a stroke grows. */
const everyMs = 80;
/** How far an arrow key moves the pen. */
const keyStep = 1 / 28;

export function DrawingPad({ size, onChange, label = 'Drawing pad' }: DrawingPadProps) {
  const id = useId();
  const canvas = useRef<HTMLCanvasElement>(null);
  const [strokes, setStrokes] = useState<readonly Stroke[]>([]);
  const [pen, setPen] = useState<Pen>('medium');
  const [cursor, setCursor] = useState({ x: 0.5, y: 0.3, isDown: false, isShown: false });
  const drawing = useRef(false);
  useTelling(strokes, size, onChange);

  useEffect(() => {
    const context = canvas.current?.getContext('2d');
    if (!context) return;
    const side = Math.round(context.canvas.clientWidth * devicePixelRatio);
    if (side > 0 && context.canvas.width !== side) context.canvas.width = context.canvas.height = side;
    paintStrokes(context, strokes);
    if (cursor.isShown) paintCursor(context, cursor, pens[pen]);
  }, [strokes, cursor, pen]);

  const begin = (x: number, y: number): void =>
    setStrokes((all) => [...all, { width: pens[pen], points: [[x, y]] }]);
  const extend = (...points: [number, number][]): void =>
    setStrokes((all) => {
      const last = all.at(-1);
      return last ? [...all.slice(0, -1), { ...last, points: [...last.points, ...points] }] : all;
    });

  const pointer = {
    onPointerDown(event: PointerEvent) {
      if (event.button !== 0) return;
      canvas.current?.setPointerCapture(event.pointerId);
      drawing.current = true;
      setCursor((at) => ({ ...at, isDown: false, isShown: false }));
      begin(...placeIn(event));
    },
    onPointerMove(event: PointerEvent) {
      if (!drawing.current) return;
      const all = event.getCoalescedEvents();
      extend(...(all.length > 0 ? all : [event]).map((each) => placeIn(each, event.currentTarget)));
    },
    onPointerUp: () => (drawing.current = false),
    onPointerCancel: () => (drawing.current = false),
  };

  const onKeyDown = (event: KeyboardEvent): void => {
    const direction = arrows[event.key];
    if (direction) {
      const x = Math.min(1, Math.max(0, cursor.x + direction[0] * keyStep));
      const y = Math.min(1, Math.max(0, cursor.y + direction[1] * keyStep));
      if (cursor.isDown) extend([x, y]);
      setCursor({ ...cursor, x, y, isShown: true });
    } else if (event.key === ' ') {
      if (!cursor.isDown) begin(cursor.x, cursor.y);
      setCursor({ ...cursor, isDown: !cursor.isDown, isShown: true });
    } else if (event.key === 'Escape' || event.key === 'Delete') clear();
    else return;
    event.preventDefault();
  };

  const clear = (): void => {
    setStrokes([]);
    setCursor((at) => ({ ...at, isDown: false }));
  };

  return (
    <div class="drawing-pad">
      <canvas
        ref={canvas}
        width={280}
        height={280}
        tabIndex={0}
        role="application"
        aria-label={label}
        aria-describedby={`${id}-keys`}
        onKeyDown={onKeyDown}
        onFocus={(event) =>
          setCursor((at) => ({ ...at, isShown: event.currentTarget.matches(':focus-visible') }))
        }
        onBlur={() => setCursor((at) => ({ ...at, isDown: false, isShown: false }))}
        {...pointer}
      />
      <div class="row">
        <button type="button" class="small-button" disabled={strokes.length === 0} onClick={clear}>
          Clear
        </button>
        <button
          type="button"
          class="small-button"
          disabled={strokes.length === 0}
          onClick={() => setStrokes((all) => all.slice(0, -1))}
        >
          Undo
        </button>
        <label class="pen">
          Pen
          <select value={pen} onChange={(event) => setPen(event.currentTarget.value as Pen)}>
            {Object.keys(pens).map((each) => (
              <option key={each}>{each}</option>
            ))}
          </select>
        </label>
      </div>
      <p id={`${id}-keys`} class="hint">
        With the keyboard: arrow keys move the pen, Space puts it down and lifts it, Delete clears.
      </p>
    </div>
  );
}

const arrows: Record<string, [number, number] | undefined> = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, -1],
  ArrowDown: [0, 1],
};

/** Where on the pad, in units of its side. */
function placeIn(
  event: PointerEvent,
  target: EventTarget | null = event.currentTarget,
): [x: number, y: number] {
  const { left, top, width, height } = (target as HTMLElement).getBoundingClientRect();
  return [(event.clientX - left) / width, (event.clientY - top) / height];
}

function paintCursor(
  context: CanvasRenderingContext2D,
  { x, y, isDown }: { x: number; y: number; isDown: boolean },
  width: number,
): void {
  const { width: side } = context.canvas;
  context.beginPath();
  context.arc(x * side, y * side, Math.max(4, (width * side) / 2), 0, 2 * Math.PI);
  context.lineWidth = Math.max(2, side / 140);
  context.strokeStyle = isDown ? '#ffa45c' : '#8aa2ff';
  context.stroke();
}

/** Tells of changes, the last one always, and no more often than `everyMs`. */
function useTelling(strokes: readonly Stroke[], size: number, onChange: DrawingPadProps['onChange']): void {
  const latest = useRef({ strokes, onChange });
  latest.current = { strokes, onChange };
  const timer = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);
  const isFirst = useRef(true);
  useEffect(() => {
    if (isFirst.current) {
      isFirst.current = false;
      return;
    }
    timer.current ??= setTimeout(() => {
      timer.current = undefined;
      const { strokes: drawn } = latest.current;
      void pngOf(drawn, size).then((png) => latest.current.onChange(png, pixelsOf(drawn, size)));
    }, everyMs);
  }, [strokes, size]);
  useEffect(() => () => clearTimeout(timer.current), []);
}
