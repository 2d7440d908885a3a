import type { ComponentChildren } from 'preact';

interface Props {
  label: string;
  /** Whether its height is limited, too. */
  tall?: boolean;
  children: ComponentChildren;
}

/** A part of the page that scrolls by itself, for content that is wider than a phone. */
export function Scroll({ label, tall = false, children }: Props) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable, or a keyboard cannot scroll it
    <section class={tall ? 'scroll tall' : 'scroll'} aria-label={label} tabIndex={0}>
      {children}
    </section>
  );
}
