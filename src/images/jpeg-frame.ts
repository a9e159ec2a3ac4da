/** What a JPEG says of its picture and of its scans (ITU-T T.81, annex B), refused where the decoder would have to guess. */
import { checkSize, invalidImage, type Size } from './grey-image.js';

/** One of the planes that make up the picture: brightness, or a colour. */
export interface Component {
  id: number;
  /** Samples of this plane across and down, for so many of the finest plane as its largest factor says. */
  across: number;
  down: number;
}

export interface Frame extends Size {
  isProgressive: boolean;
  components: Component[];
}

/** A start-of-frame segment, behind its length. */
export function readFrame(marker: number, content: Uint8Array): Frame {
  const [precision, heightHigh, heightLow, widthHigh, widthLow, count] = content;
  if (content.length < 6 || content.length !== 6 + 3 * count) {
    throw invalidImage('JPEG', 'its frame header has a wrong length');
  }
  if (precision !== 8) throw invalidImage('JPEG', `its samples have ${precision} bits, and only 8 are read`);
  const size = { width: widthHigh * 256 + widthLow, height: heightHigh * 256 + heightLow };
  if (size.width === 0 || size.height === 0) throw invalidImage('JPEG', 'it has no width or no height');
  if (count !== 1 && count !== 3 && count !== 4) {
    throw invalidImage('JPEG', `it has ${count} colour components, and there must be 1, 3 or 4`);
  }
  const components = Array.from({ length: count }, (_, index) => {
    const [id, factors] = content.subarray(6 + 3 * index);
    return { id, across: factors >> 4, down: factors & 15 };
  });
  const frame = { ...size, isProgressive: marker === 0xc2, components };
  checkComponents(frame);
  checkSize(size);
  return frame;
}

function checkComponents(frame: Frame): void {
  const { across: mostAcross, down: mostDown } = finest(frame);
  const ids = new Set(frame.components.map(({ id }) => id));
  const isSampled = frame.components.every(
    ({ across, down }) => mostAcross % across === 0 && mostDown % down === 0,
  );
  if (ids.size === frame.components.length && isSampled && Math.max(mostAcross, mostDown) <= 4) return;
  throw invalidImage('JPEG', 'its frame header makes no sense');
}

/** The factors of the finest plane. */
function finest({ components }: Frame): { across: number; down: number } {
  return {
    across: Math.max(...components.map(({ across }) => across)),
    down: Math.max(...components.map(({ down }) => down)),
  };
}

/** How many units the data of a start-of-scan segment are of: blocks of one component, or of several together. */
export function unitsOfScan(frame: Frame, content: Uint8Array): number {
  const [count] = content;
  if (content.length !== 4 + 2 * count || count === 0 || count > 4) {
    throw invalidImage('JPEG', 'a scan has a wrong length');
  }
  const ids = Array.from({ length: count }, (_, index) => content[1 + 2 * index]);
  const components = frame.components.filter(({ id }) => ids.includes(id));
  const [first, last] = content.subarray(1 + 2 * count);
  const isSensible = first <= last && last < 64 && (first === 0 || count === 1);
  if (components.length !== count || !isSensible) throw invalidImage('JPEG', 'a scan makes no sense');

  const { across, down } = finest(frame);
  const [unitWidth, unitHeight] =
    count === 1
      ? [(8 * across) / components[0].across, (8 * down) / components[0].down]
      : [8 * across, 8 * down];
  return Math.ceil(frame.width / unitWidth) * Math.ceil(frame.height / unitHeight);
}
