import { BASIC } from './basic.ts';
import { CRYPTO } from './crypto.ts';
import type { Section } from './statement.ts';
import { TRANSPORTS } from './transports.ts';
import { VIRTQUEUES } from './virtqueues.ts';

export type { Keyword, Section, Statement } from './statement.ts';

/** Every chapter of virtio 1.3, and of 1.4 where that is new, that says something to a crypto device on PCI or MMIO. */
export const CHAPTERS: readonly { title: string; sections: readonly Section[] }[] = [
  { title: 'Basic facilities', sections: BASIC },
  { title: 'Virtqueues', sections: VIRTQUEUES },
  { title: 'Transports', sections: TRANSPORTS },
  { title: 'Crypto device', sections: CRYPTO },
];

export const SECTIONS = CHAPTERS.flatMap(({ sections }) => sections);
export const STATEMENTS = SECTIONS.flatMap(({ statements }) => statements);
