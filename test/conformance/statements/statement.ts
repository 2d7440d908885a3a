/** Strength of a statement (RFC 2119). */
export type Keyword = 'MUST' | 'MUST NOT' | 'SHOULD' | 'SHOULD NOT';

interface Exemption {
  /** Why the statement is about something that this device does not have; then it needs no test. */
  notApplicable?: string;
}

/** One thing that the specification demands of a device, in words of our own. */
export interface Statement extends Exemption {
  /** The section's number, a dash, and the statement's place in it: what names of tests carry in brackets. */
  id: string;
  keyword: Keyword;
  /** Continues "The device MUST ...". */
  says: string;
}

/** The statements of one section. */
export interface Section {
  /** Its number in virtio 1.3; in virtio 1.4 for what came with that. */
  number: string;
  title: string;
  statements: readonly Statement[];
}

/** A section whose statements are numbered from 1 in the order given. */
export function section(
  number: string,
  title: string,
  lines: readonly (readonly [keyword: Keyword, says: string, exemption?: Exemption])[],
): Section {
  const statements = lines.map(([keyword, says, exemption], i) => ({
    id: `${number}-${i + 1}`,
    keyword,
    says,
    ...exemption,
  }));
  return { number, title, statements };
}

export const notApplicable = (reason: string): Exemption => ({ notApplicable: reason });
