import type { TracedDescriptor } from '../../trace/index.ts';
import { type Level, type Need, RULES, type RuleName } from './rules.ts';

/** Where a violation was seen. */
export interface Place {
  /** Number of the virtqueue. */
  queue?: number;
  /** Head of the chain in a split ring; the place of its first descriptor in a packed ring. */
  head?: number;
  /** Index of the descriptor in its table. */
  descriptor?: number;
  /** Guest-physical address of what is wrong. */
  address?: number;
  /** The descriptors of the chain, as far as they could be read. */
  chain?: readonly TracedDescriptor[];
}

/** A statement of the specification that the driver broke. */
export interface Violation extends Place {
  /**
   * The name of the rule: see RULES. `request:` and the name of a check for a request that the device refused because of the driver's
   * mistake; `fault` for a ring with which the device cannot go on.
   */
  rule: RuleName | `request:${string}` | 'fault';
  /** The section of virtio 1.3. */
  section: string;
  level: Level;
  /** The statement: what the driver must or should do, or not. */
  statement: string;
  /** What was seen. */
  seen: string;
  /** When it was first seen, in milliseconds since 1970. */
  at: number;
  /** How often it was seen. Later ones are counted, not kept. */
  times: number;
}

/** What is seen of a driver beside its rings and requests. */
export type Sight = Readonly<Record<Need, boolean>>;

/** Violations by rule and queue, in the order in which they were first seen. There are as many as rules and queues at most. */
export class Findings {
  readonly #byKey = new Map<string, Violation>();
  readonly #onViolation: (violation: Violation) => void;
  /** What is seen of the driver. A rule that needs more is not reported, because what seems to break it may be another's doing. */
  sight: Sight = { registers: true, features: true };

  constructor(onViolation: (violation: Violation) => void) {
    this.#onViolation = onViolation;
  }

  get all(): Violation[] {
    return [...this.#byKey.values()];
  }

  clear(): void {
    this.#byKey.clear();
  }

  /** Whether it is seen if the driver breaks a rule. */
  sees(rule: RuleName): boolean {
    const { needs } = RULES[rule];
    return needs === undefined || this.sight[needs];
  }

  /** Reports that a rule of RULES was broken. */
  report(rule: RuleName, seen: string, place: Place = {}): void {
    if (!this.sees(rule)) return;
    const { section, level, driver } = RULES[rule];
    this.add({ rule, section, level, statement: `The driver ${level} ${driver}.`, seen, ...place });
  }

  add(violation: Omit<Violation, 'at' | 'times'>): void {
    const key = `${violation.rule} ${violation.queue ?? ''}`;
    const known = this.#byKey.get(key);
    if (known) {
      known.times++;
      return;
    }
    const first = { ...violation, at: Date.now(), times: 1 };
    this.#byKey.set(key, first);
    this.#onViolation(first);
  }
}
