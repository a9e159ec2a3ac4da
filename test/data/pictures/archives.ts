/** Makes ZIP and tar archives, also such as no tool would make. */
import { crc32, deflateRawSync } from 'node:zlib';

export interface ZipEntry {
  path: string;
  content?: Uint8Array;
  isStored?: boolean;
  /** General purpose bits; 1: encrypted. */
  flags?: number;
  method?: number;
  /** What the directory says instead of the truth. */
  statedSize?: number;
  /** The mode of Unix, such as 0o120777 of a link. */
  mode?: number;
  /** Of an earlier entry, whose bytes this one shares. */
  sharesWith?: number;
}

export function zipOf(entries: readonly ZipEntry[]): Buffer {
  const bodies: Buffer[] = [];
  const directory: Buffer[] = [];
  const starts: number[] = [];
  let at = 0;
  for (const entry of entries) {
    const {
      path,
      content = Buffer.alloc(0),
      isStored = false,
      flags = 0,
      mode = 0o100644,
      sharesWith,
    } = entry;
    const name = Buffer.from(path);
    const packed = isStored ? Buffer.from(content) : deflateRawSync(content);
    const header = Buffer.alloc(26);
    header.writeUInt16LE(20, 0);
    header.writeUInt16LE(0x800 | flags, 2);
    header.writeUInt16LE(entry.method ?? (isStored ? 0 : 8), 4);
    header.writeUInt32LE(crc32(content), 10);
    header.writeUInt32LE(packed.length, 14);
    header.writeUInt32LE(entry.statedSize ?? content.length, 18);
    header.writeUInt16LE(name.length, 22);
    starts.push(sharesWith === undefined ? at : (starts[sharesWith] ?? 0));
    if (sharesWith === undefined) {
      const body = Buffer.concat([Buffer.from('PK\x03\x04', 'latin1'), header, name, packed]);
      bodies.push(body);
      at += body.length;
    }
    const more = Buffer.alloc(14);
    more.writeUInt32LE((mode << 16) >>> 0, 6);
    more.writeUInt32LE(starts.at(-1) ?? 0, 10);
    directory.push(Buffer.from('PK\x01\x02\x14\x03', 'latin1'), header, more, name);
  }
  const listed = Buffer.concat(directory);
  const end = Buffer.alloc(22);
  end.write('PK\x05\x06', 'latin1');
  end.writeUInt16LE(entries.length, 8);
  end.writeUInt16LE(entries.length, 10);
  end.writeUInt32LE(listed.length, 12);
  end.writeUInt32LE(at, 16);
  return Buffer.concat([...bodies, listed, end]);
}

export interface TarEntry {
  path: string;
  content?: Uint8Array;
  /** 0: a file. 1, 2: links. 5: a folder. x: a pax header. L: a long name. */
  type?: string;
  statedSize?: number;
}

export function tarOf(entries: readonly TarEntry[], { isEnded = true } = {}): Buffer {
  const blocks = entries.map(({ path, content = Buffer.alloc(0), type = '0', statedSize }) => {
    const header = Buffer.alloc(512);
    header.write(path.slice(0, 100), 0);
    header.write('0000644\0', 100);
    header.write((statedSize ?? content.length).toString(8).padStart(11, '0'), 124);
    header.write('        ', 148);
    header.write(type, 156);
    header.write('ustar\x0000', 257);
    const sum = header.reduce((total, byte) => total + byte, 0);
    header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
    return Buffer.concat([header, content, Buffer.alloc((512 - (content.length % 512)) % 512)]);
  });
  return Buffer.concat([...blocks, Buffer.alloc(isEnded ? 1024 : 0)]);
}

/** A record of a pax header: its length counts itself. */
export function paxRecord(key: string, value: string): Buffer {
  const rest = ` ${key}=${value}\n`;
  let length = rest.length + 1;
  while (String(length).length + rest.length !== length) length = String(length).length + rest.length;
  return Buffer.from(`${length}${rest}`);
}
