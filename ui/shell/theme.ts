/** Light, dark, or as the system says; remembered by the browser. */
import { effect, signal } from '@preact/signals';

export const themes = ['system', 'light', 'dark'] as const;
export type Theme = (typeof themes)[number];

const storageKey = 'trainyard.theme';

export const theme = signal<Theme>(stored());

export function startTheme(): void {
  effect(() => {
    const { value } = theme;
    document.documentElement.style.colorScheme = value === 'system' ? 'light dark' : value;
    localStorage.setItem(storageKey, value);
  });
}

export function nextTheme(): void {
  theme.value = themes[(themes.indexOf(theme.value) + 1) % themes.length] ?? 'system';
}

function stored(): Theme {
  try {
    const value = localStorage.getItem(storageKey);
    return themes.find((each) => each === value) ?? 'system';
  } catch {
    // A page in a frame may not look.
    return 'system';
  }
}
