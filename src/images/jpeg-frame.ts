/** What a JPEG says of its picture and of its scans (ITU-T T.81, annex B), refused where it makes no sense. */
import { checkSize, invalidImage, type Size } from './grey-image.js';

/** One of the planes that make up the picture: brightness, or a colour. */
export interface Component {
  id: number;
  /** Samples of this plane across and down, for so many of the finest plane as its largest factor says. */
  across: number;
  down: number;
  /** The number of its quantization table. */
  quantization: number;
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
    const [id, factors, quantization] = content.subarray(6 + 3 * index);
    return { id, across: factors >> 4, down: factors & 15, quantization };
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
export function finest({ components }: Frame): { across: number; down: number } {
  return {
    across: Math.max(...components.map(({ across }) => across)),
    down: Math.max(...components.map(({ down }) => down)),
  };
}

/** What a scan says of its data. */
export interface ScanHeader {
  /** Which component, and which tables it is coded with. */
  components: { index: number; dc: number; ac: number }[];
  /** The coefficients it holds, in zigzag order, and their bits: the lowest that was there before, and the lowest now. */
  first: number;
  last: number;
  high: number;
  low: number;
}

/** A start-of-scan segment, behind its length. */
export function readScanHeader(frame: Frame, content: Uint8Array): ScanHeader {
  const [count] = content;
  if (content.length !== 4 + 2 * count || count === 0 || count > 4) {
    throw invalidImage('JPEG', 'a scan has a wrong length');
  }
  const components = Array.from({ length: count }, (_, each) => {
    const [id, tables] = content.subarray(1 + 2 * each);
    return {
      index: frame.components.findIndex((component) => component.id === id),
      dc: tables >> 4,
      ac: tables & 15,
    };
  });
  const [first, last, bits] = content.subarray(1 + 2 * count);
  const [high, low] = [bits >> 4, bits & 15];
  const isKnown = new Set(components.map(({ index }) => index)).size === count;
  const isSensible = frame.isProgressive
    ? first <= last && last < 64 && (first === 0 ? last === 0 : count === 1) && Math.max(high, low) <= 13
    : first === 0 && last === 63 && bits === 0;
  if (isKnown && components.every(({ index }) => index >= 0) && isSensible) {
    return { components, first, last, high, low };
  }
  throw invalidImage('JPEG', 'a scan makes no sense');
}
