/** A seven on the drawing pad: a line over its top and one down to its lower left. */
import type { Page } from 'playwright-core';

const corners = [
  { x: 0.28, y: 0.22 },
  { x: 0.72, y: 0.22 },
  { x: 0.45, y: 0.82 },
] as const;
const pointsPerLine = 8;

type Point = Readonly<{ x: number; y: number }>;

export async function drawSevenByMouse(page: Page): Promise<void> {
  const [start, ...rest] = await stroke(page);
  await page.mouse.move(start.x, start.y);
  await page.mouse.down();
  for (const { x, y } of rest) await page.mouse.move(x, y);
  await page.mouse.up();
}

/** By events of the screen, as a finger makes them: the page would scroll if the pad let it. */
export async function drawSevenByFinger(page: Page): Promise<void> {
  const session = await page.context().newCDPSession(page);
  const [start, ...rest] = await stroke(page);
  const touch = (type: 'touchStart' | 'touchMove' | 'touchEnd', touchPoints: Point[]): Promise<unknown> =>
    session.send('Input.dispatchTouchEvent', { type, touchPoints });
  await touch('touchStart', [start]);
  for (const point of rest) await touch('touchMove', [point]);
  await touch('touchEnd', []);
  await session.detach();
}

async function stroke(page: Page): Promise<[Point, ...Point[]]> {
  const pad = page.getByRole('application');
  await pad.scrollIntoViewIfNeeded();
  const box = await pad.boundingBox();
  if (!box) throw new Error('There is no pad');
  const at = ({ x, y }: Point): Point => ({ x: box.x + x * box.width, y: box.y + y * box.height });
  const [start, ...ends] = corners.map(at);
  const line = (from: Point, to: Point): Point[] =>
    Array.from({ length: pointsPerLine }, (_, i) => {
      const share = (i + 1) / pointsPerLine;
      return { x: from.x + (to.x - from.x) * share, y: from.y + (to.y - from.y) * share };
    });
  return [start, ...ends.flatMap((end, i) => line([start, ...ends][i], end))];
}
