/** Numbers as WGSL writes them. */

export function f32(value: number): string {
  return `${Math.fround(value)}f`;
}

export function u32(value: number): string {
  return `${value >>> 0}u`;
}
