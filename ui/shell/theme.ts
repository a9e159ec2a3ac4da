/** Light, dark, or as the system says; remembered by the browser. */
import { computed, effect, signal } from '@preact/signals';

export const themes = ['system', 'light', 'dark'] as const;
export type Theme = (typeof themes)[number];

const storageKey = 'trainyard.theme';

export const theme = signal<Theme>(stored());

const systemScheme = matchMedia('(prefers-color-scheme: dark)');
const isSystemDark = signal(systemScheme.matches);

/** What is seen now. What is painted on a canvas must be painted anew when it changes. */
export const isDark = computed(() =>
  theme.value === 'system' ? isSystemDark.value : theme.value === 'dark',
);

export function startTheme(): void {
  systemScheme.addEventListener('change', ({ matches }) => (isSystemDark.value = matches));
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
