/**
 * The driver lab: says which statements of the specification a driver breaks.
 * @module virtio-crypto-wasm/lab
 */
export { type CheckerOptions, DriverChecker } from './checker/checker.ts';
export { type Level, RULES, type Rule, type RuleName, UNOBSERVED } from './checker/rules.ts';
export type { Place, Violation } from './checker/violation.ts';
