/**
 * Classes of the number of requests that are available at once, in the order of spec/engine.ts's DEPTH_*: 'few' is fewer than
 * MANY_REQUESTS (3), 'many' is fewer than CROWD_REQUESTS (32), 'crowd' is CROWD_REQUESTS or more.
 */
export const DEPTHS = ['few', 'many', 'crowd'] as const;
export type Depth = (typeof DEPTHS)[number];
