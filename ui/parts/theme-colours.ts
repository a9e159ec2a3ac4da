/** The colours of the theme as numbers, for what is painted on a canvas pixel by pixel. */

export type Rgb = readonly [red: number, green: number, blue: number];

/** Of a variable of the theme such as `--curve-1`, as it is in the theme that is shown now. */
export function themeColour(variable: string): Rgb {
  const probe = document.createElement('span');
  probe.style.color = `var(${variable})`;
  document.body.append(probe);
  const numbers = getComputedStyle(probe).color.match(/[\d.]+/g) ?? [];
  probe.remove();
  const [red = 0, green = 0, blue = 0] = numbers.map(Number);
  return [red, green, blue];
}

/** From one colour at 0 to another at 1. */
export function mixed(from: Rgb, to: Rgb, share: number): Rgb {
  const at = Math.min(1, Math.max(0, share));
  return [
    from[0] + (to[0] - from[0]) * at,
    from[1] + (to[1] - from[1]) * at,
    from[2] + (to[2] - from[2]) * at,
  ];
}

export function cssColour([red, green, blue]: Rgb, opacity = 1): string {
  return `rgb(${Math.round(red)} ${Math.round(green)} ${Math.round(blue)} / ${opacity})`;
}

/** Two directions from a middle: for weights and activations, which are above or below 0. */
export interface SignedColours {
  below: Rgb;
  zero: Rgb;
  above: Rgb;
}

export function signedColours(): SignedColours {
  return { below: themeColour('--curve-2'), zero: themeColour('--surface'), above: themeColour('--curve-1') };
}

/** `value` from −1 to 1. */
export function signedColour({ below, zero, above }: SignedColours, value: number): Rgb {
  return value < 0 ? mixed(zero, below, -value) : mixed(zero, above, value);
}
