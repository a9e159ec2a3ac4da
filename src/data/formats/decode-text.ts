/**
 * From bytes to text. Bytes without a byte order mark are UTF-8 as long as they can be. Where they cannot, and all bytes
 * before were ASCII, which reads the same in both, they are Windows-1252: so the whole file decides, in one pass, wherever
 * its first such byte is. Bytes that are neither throughout are refused: one half would be garbled.
 */
import { isAscii, isUtf8 } from 'node:buffer';
import { TextDecoder } from 'node:util';
import type { TableWarning } from '../table-schema.js';
import { refusal, type TableRefusal } from './rows.js';
import { pieceBytes } from './byte-source.js';

export interface DecodedText {
  /** Final once all text is read. */
  encoding: string;
  /** Whether the encoding is a guess that the user should know of. */
  assumed: boolean;
  /** In pieces of at most `pieceBytes` bytes, without a byte order mark. @throws UndecodableText */
  pieces: AsyncIterable<string>;
}

/** Bytes that are no text. All text before them has been read when it is thrown, so the reader knows the line. */
export class UndecodableText extends Error {
  readonly #code: 'BAD_ENCODING' | 'NOT_A_TABLE';

  constructor(code: 'BAD_ENCODING' | 'NOT_A_TABLE', message: string) {
    super(message);
    this.#code = code;
  }

  at(line: number): TableRefusal {
    return refusal(this.#code, `Line ${line}: ${this.message}`, { line });
  }
}

/** @throws TableRefusal BAD_ENCODING when there is no such encoding */
export function decodeText(bytes: AsyncIterable<Uint8Array>, head: Uint8Array, wanted?: string): DecodedText {
  const marked = markedEncoding(head);
  const encoding = wanted === undefined ? (marked ?? 'utf-8') : knownEncoding(wanted);
  const text: DecodedText = { encoding, assumed: false, pieces: decoded() };
  return text;

  async function* decoded(): AsyncGenerator<string> {
    const decoder =
      encoding === 'utf-8'
        ? new Utf8Decoder(wanted === undefined && marked === null ? onNotUtf8 : null)
        : encoding === 'windows-1252'
          ? new Windows1252Decoder()
          : new StandardDecoder(encoding);
    let first = true;
    for await (const piece of withEnd(bytes)) {
      for (const string of decoder.decode(piece.bytes, piece.last)) {
        const unmarked = first && string.startsWith('\uFEFF') ? string.slice(1) : string;
        first &&= string === '';
        if (unmarked.includes('\0')) {
          yield unmarked.slice(0, unmarked.indexOf('\0'));
          throw new UndecodableText(
            'NOT_A_TABLE',
            'there is a NUL byte, so this is no text file. Upload a CSV file.',
          );
        }
        if (unmarked !== '') yield unmarked;
      }
    }
  }

  function onNotUtf8(): void {
    text.encoding = 'windows-1252';
    text.assumed = true;
  }
}

/** Of text that has been read to its end. */
export function encodingWarning({ encoding, assumed }: DecodedText): TableWarning[] {
  const message = `The file is not UTF-8. It was read as ${encoding}. If letters look wrong, name its encoding in the options.`;
  return assumed ? [{ code: 'ENCODING_ASSUMED', column: null, message }] : [];
}

interface Decoder {
  decode(bytes: Uint8Array, last: boolean): Iterable<string>;
}

class Utf8Decoder implements Decoder {
  /** The beginning of a character whose rest is in the next piece. */
  #rest: Uint8Array = new Uint8Array(0);
  #allAscii = true;
  #windows1252: Windows1252Decoder | null = null;
  /** Called when the text turns out to be Windows-1252. null: it must not. */
  readonly #onNotUtf8: (() => void) | null;

  constructor(onNotUtf8: (() => void) | null) {
    this.#onNotUtf8 = onNotUtf8;
  }

  *decode(piece: Uint8Array, last: boolean): Iterable<string> {
    if (this.#windows1252 !== null) {
      yield* this.#windows1252.decode(piece);
      return;
    }
    const bytes = this.#rest.length === 0 ? asBuffer(piece) : Buffer.concat([this.#rest, piece]);
    if (isAscii(bytes)) {
      this.#rest = new Uint8Array(0);
      yield bytes.toString('latin1');
      return;
    }
    const end = last ? bytes.length : endOfWholeCharacters(bytes);
    const whole = bytes.subarray(0, end);
    if (!isUtf8(whole)) {
      yield* this.#notUtf8(bytes);
      return;
    }
    this.#allAscii &&= isAscii(whole);
    this.#rest = bytes.subarray(end);
    yield whole.toString('utf8');
  }

  *#notUtf8(bytes: Buffer): Iterable<string> {
    const valid = validLength(bytes);
    if (this.#onNotUtf8 !== null && this.#allAscii && isAscii(bytes.subarray(0, valid))) {
      this.#onNotUtf8();
      this.#windows1252 = new Windows1252Decoder();
      yield* this.#windows1252.decode(bytes);
      return;
    }
    yield bytes.toString('utf8', 0, valid);
    const byte = `0x${(bytes[valid] ?? 0).toString(16).toUpperCase().padStart(2, '0')}`;
    throw new UndecodableText(
      'BAD_ENCODING',
      `the byte ${byte} is not UTF-8, but text before it is. Save the file as UTF-8, or name its encoding in the options.`,
    );
  }
}

/** What Windows-1252 has in place of the control characters of Latin-1, from 0x80 on. */
const from0x80 = '€\x81‚ƒ„…†‡ˆ‰Š‹Œ\x8DŽ\x8F\x90‘’“”•–—˜™š›œ\x9DžŸ';

/** Not TextDecoder: some releases of Node.js decode Windows-1252 as Latin-1. */
class Windows1252Decoder implements Decoder {
  *decode(piece: Uint8Array): Iterable<string> {
    yield asBuffer(piece)
      .toString('latin1')
      .replace(/[\x80-\x9f]/g, (character) => from0x80[character.charCodeAt(0) - 0x80] ?? character);
  }
}

class StandardDecoder implements Decoder {
  readonly #decoder: TextDecoder;
  readonly #encoding: string;

  constructor(encoding: string) {
    this.#encoding = encoding;
    this.#decoder = new TextDecoder(encoding, { fatal: true, ignoreBOM: true });
  }

  *decode(piece: Uint8Array, last: boolean): Iterable<string> {
    let text: string;
    try {
      text = this.#decoder.decode(piece, { stream: !last });
    } catch {
      throw new UndecodableText('BAD_ENCODING', `there are bytes that are not ${this.#encoding}.`);
    }
    yield text;
  }
}

/** By the byte order mark, or by the zero bytes of ASCII characters in UTF-16. */
function markedEncoding(head: Uint8Array): string | null {
  if (head[0] === 0xff && head[1] === 0xfe) return 'utf-16le';
  if (head[0] === 0xfe && head[1] === 0xff) return 'utf-16be';
  if (head[0] === 0xef && head[1] === 0xbb && head[2] === 0xbf) return 'utf-8';
  const looked = head.subarray(0, 1024);
  const half = Math.floor(looked.length / 2);
  if (half < 2) return null;
  const zeros = [0, 0];
  for (let i = 0; i < 2 * half; i++) if (looked[i] === 0) zeros[i % 2] = (zeros[i % 2] ?? 0) + 1;
  const [even = 0, odd = 0] = zeros;
  if (odd > 0.8 * half && even === 0) return 'utf-16le';
  if (even > 0.8 * half && odd === 0) return 'utf-16be';
  return null;
}

function knownEncoding(label: string): string {
  try {
    return (new TextDecoder(label) as { encoding: string }).encoding;
  } catch {
    throw refusal(
      'BAD_ENCODING',
      `There is no encoding "${label}". Name another, for example utf-8 or windows-1252.`,
    );
  }
}

async function* withEnd(
  bytes: AsyncIterable<Uint8Array>,
): AsyncGenerator<{ bytes: Uint8Array; last: boolean }> {
  for await (const chunk of bytes) {
    for (let start = 0; start < chunk.length; start += pieceBytes) {
      yield { bytes: chunk.subarray(start, start + pieceBytes), last: false };
    }
  }
  yield { bytes: new Uint8Array(0), last: true };
}

/** The length without the beginning of a character at the end. */
function endOfWholeCharacters(bytes: Uint8Array): number {
  for (let back = 1; back <= Math.min(3, bytes.length); back++) {
    const byte = bytes[bytes.length - back] ?? 0;
    if (byte < 0x80) break;
    if (byte >= 0xc0) {
      const length = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : 2;
      return length > back ? bytes.length - back : bytes.length;
    }
  }
  return bytes.length;
}

/** How many bytes before the first that is not UTF-8. */
function validLength(bytes: Uint8Array): number {
  let valid = 0;
  let invalid = bytes.length;
  while (valid < invalid) {
    const middle = Math.ceil((valid + invalid) / 2);
    const prefix = bytes.subarray(0, middle);
    if (isUtf8(prefix.subarray(0, endOfWholeCharacters(prefix)))) valid = middle;
    else invalid = middle - 1;
  }
  return endOfWholeCharacters(bytes.subarray(0, valid));
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
