import { effect, signal } from '@preact/signals';

export type Theme = 'system' | 'light' | 'dark';

const KEY = 'theme';
const prefersDark = matchMedia('(prefers-color-scheme: dark)');
const systemDark = signal(prefersDark.matches);
prefersDark.addEventListener('change', ({ matches }) => {
  systemDark.value = matches;
});

function remembered(): Theme {
  try {
    const value = localStorage.getItem(KEY);
    return value === 'light' || value === 'dark' ? value : 'system';
  } catch {
    // The storage may be switched off. The choice then lasts as long as the page.
    return 'system';
  }
}

export const theme = signal<Theme>(remembered());
export const dark = signal(false);

/** Keeps the page's colours as the visitor, or else the system, wants them. */
export function applyTheme(): void {
  effect(() => {
    dark.value = theme.value === 'dark' || (theme.value === 'system' && systemDark.value);
    document.documentElement.dataset.theme = dark.value ? 'dark' : 'light';
    try {
      localStorage.setItem(KEY, theme.value);
    } catch {
      // The storage may be switched off, as above.
    }
  });
}

/** A colour of the style sheet, for code that draws on a canvas. */
export function color(name: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
}
