/** Cells of Parquet as text, by the type of their column: exactly what is stored, whatever its size. */
import type { SchemaElement, TimeUnit } from 'hyparquet';
import type { DeclaredType } from './rows.js';
import { DamagedParquet } from './parquet-checks.js';

export interface CellText {
  declared: DeclaredType;
  /** Of a value as it is stored, without its logical type. null: it is no number (NaN). */
  text: (stored: unknown) => string | null;
}

/** null: a type whose values are not one text, number, boolean or time. */
export function cellText(element: SchemaElement): CellText | null {
  const { type, converted_type: converted, logical_type: logical } = element;
  if (converted === 'DECIMAL' || logical?.type === 'DECIMAL') return decimals(element);
  switch (type) {
    case undefined:
      return null;
    case 'BOOLEAN':
      return { declared: 'boolean', text: String };
    case 'INT32':
    case 'INT64':
      return integers(element);
    case 'INT96':
      return { declared: 'datetime', text: (stored) => isoTime(int96Nanos(stored as bigint), '') };
    case 'FLOAT':
      return { declared: 'number', text: (stored) => shortestFloat32(stored as number) };
    case 'DOUBLE':
      return { declared: 'number', text: (stored) => numberText(stored as number) };
    case 'BYTE_ARRAY':
    case 'FIXED_LEN_BYTE_ARRAY':
      return byteArrays(element);
    default:
      return null;
  }
}

function decimals({ type, scale, logical_type: logical }: SchemaElement): CellText | null {
  const digits = scale ?? (logical?.type === 'DECIMAL' ? logical.scale : 0);
  if (digits < 0 || digits > 1_000) return null;
  const unscaled =
    type === 'INT32' || type === 'INT64'
      ? (stored: unknown) => BigInt(stored as number | bigint)
      : (stored: unknown) => signedBigInt(stored as Uint8Array);
  return { declared: 'number', text: (stored) => decimalText(unscaled(stored), digits) };
}

function integers({ converted_type: converted, logical_type: logical }: SchemaElement): CellText {
  if (logical?.type === 'TIMESTAMP') {
    const { unit, isAdjustedToUTC } = logical;
    return {
      declared: 'datetime',
      text: (stored) => isoTime(nanos(stored, unit), isAdjustedToUTC ? 'Z' : ''),
    };
  }
  if (converted === 'TIMESTAMP_MILLIS' || converted === 'TIMESTAMP_MICROS') {
    const unit = converted === 'TIMESTAMP_MILLIS' ? 'MILLIS' : 'MICROS';
    return { declared: 'datetime', text: (stored) => isoTime(nanos(stored, unit), 'Z') };
  }
  if (logical?.type === 'DATE' || converted === 'DATE') {
    return { declared: 'datetime', text: (stored) => isoDate(Number(stored) * 86_400_000) };
  }
  if (logical?.type === 'TIME')
    return { declared: 'text', text: (stored) => timeOfDay(nanos(stored, logical.unit)) };
  if (converted === 'TIME_MILLIS' || converted === 'TIME_MICROS') {
    const unit = converted === 'TIME_MILLIS' ? 'MILLIS' : 'MICROS';
    return { declared: 'text', text: (stored) => timeOfDay(nanos(stored, unit)) };
  }
  const isUnsigned =
    logical?.type === 'INTEGER' ? !logical.isSigned : (converted?.startsWith('UINT_') ?? false);
  if (!isUnsigned) return { declared: 'number', text: String };
  return {
    declared: 'number',
    text: (stored) =>
      String(typeof stored === 'bigint' ? BigInt.asUintN(64, stored) : (stored as number) >>> 0),
  };
}

function byteArrays({
  type,
  converted_type: converted,
  logical_type: logical,
}: SchemaElement): CellText | null {
  if (logical?.type === 'UUID') return { declared: 'text', text: (stored) => uuidText(stored as Uint8Array) };
  if (logical?.type === 'FLOAT16') {
    return { declared: 'number', text: (stored) => numberText(float16(stored as Uint8Array)) };
  }
  const isText =
    logical === undefined || logical.type === 'STRING' || logical.type === 'ENUM' || logical.type === 'JSON';
  if (!isText || converted === 'BSON' || converted === 'INTERVAL') return null;
  const padded = type === 'FIXED_LEN_BYTE_ARRAY';
  return {
    declared: 'text',
    text: (stored) => {
      const text = utf8Text(stored as Uint8Array);
      return padded ? text.replace(/\0+$/, '') : text;
    },
  };
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

function utf8Text(bytes: Uint8Array): string {
  try {
    return utf8.decode(bytes);
  } catch {
    throw new DamagedParquet('it has bytes that are not text');
  }
}

function numberText(value: number): string | null {
  return Number.isNaN(value) ? null : String(value);
}

/** The shortest decimal that is this number when it is rounded to 32 bits. */
function shortestFloat32(value: number): string | null {
  if (!Number.isFinite(value) || Number.isInteger(value)) return numberText(value);
  for (let digits = 6; digits < 9; digits++) {
    const short = Number(value.toPrecision(digits));
    if (Math.fround(short) === value) return String(short);
  }
  return String(Number(value.toPrecision(9)));
}

function float16(bytes: Uint8Array): number {
  const bits = new DataView(bytes.buffer, bytes.byteOffset, 2).getUint16(0, true);
  const sign = bits >> 15 === 0 ? 1 : -1;
  const exponent = (bits >> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 0x1f) return fraction === 0 ? sign * Infinity : NaN;
  return exponent === 0 ? sign * fraction * 2 ** -24 : sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

/** Two's complement, the highest byte first. */
function signedBigInt(bytes: Uint8Array): bigint {
  if (bytes.length === 0) return 0n;
  if (bytes.length > 128) throw new DamagedParquet('it has a decimal of more than 128 bytes');
  return BigInt.asIntN(8 * bytes.length, BigInt(`0x${Buffer.from(bytes).toString('hex')}`));
}

function decimalText(unscaled: bigint, scale: number): string {
  if (scale === 0) return String(unscaled);
  const digits = String(unscaled < 0n ? -unscaled : unscaled).padStart(scale + 1, '0');
  return `${unscaled < 0n ? '-' : ''}${digits.slice(0, -scale)}.${digits.slice(-scale)}`;
}

function uuidText(bytes: Uint8Array): string {
  return Buffer.from(bytes)
    .toString('hex')
    .replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}

const nanosOf: Record<TimeUnit, bigint> = { MILLIS: 1_000_000n, MICROS: 1_000n, NANOS: 1n };

function nanos(stored: unknown, unit: TimeUnit): bigint {
  return BigInt(stored as number | bigint) * nanosOf[unit];
}

/** 96 bits: the Julian day above, nanoseconds of the day below. */
function int96Nanos(stored: bigint): bigint {
  const day = (stored >> 64n) - 2_440_588n;
  return day * 86_400_000_000_000n + BigInt.asUintN(64, stored);
}

/** ISO 8601, with as many digits of the second as it takes. */
function isoTime(sinceEpoch: bigint, zone: '' | 'Z'): string {
  const fraction = ((sinceEpoch % 1_000_000_000n) + 1_000_000_000n) % 1_000_000_000n;
  const seconds = iso(Number((sinceEpoch - fraction) / 1_000_000n)).slice(0, -'.000Z'.length);
  return `${seconds}${fractionText(fraction)}${zone}`;
}

function isoDate(milliseconds: number): string {
  return iso(milliseconds).slice(0, -'T00:00:00.000Z'.length);
}

function iso(milliseconds: number): string {
  const date = new Date(milliseconds);
  if (Number.isNaN(date.getTime())) throw new DamagedParquet('it has a time beyond the year 275760');
  return date.toISOString();
}

function timeOfDay(sinceMidnight: bigint): string {
  return isoTime(
    ((sinceMidnight % 86_400_000_000_000n) + 86_400_000_000_000n) % 86_400_000_000_000n,
    '',
  ).slice('1970-01-01T'.length);
}

function fractionText(nanoseconds: bigint): string {
  return nanoseconds === 0n ? '' : `.${String(nanoseconds).padStart(9, '0').replace(/0+$/, '')}`;
}
