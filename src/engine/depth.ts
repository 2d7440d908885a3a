/**
 * How many requests are available at once, by the numbers of spec/engine.ts's DEPTH_*: fewer than MANY_REQUESTS, fewer than
 * CROWD_REQUESTS, or more.
 */
export const DEPTHS = ['few', 'many', 'crowd'] as const;
export type Depth = (typeof DEPTHS)[number];
