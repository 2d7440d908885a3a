/**
 * The driver lab: says which statements of the specification a driver breaks, and misbehaves towards it.
 * @module virtio-crypto-wasm/lab
 */
export { type CheckerOptions, DriverChecker } from './checker/checker.ts';
export { type Level, RULES, type Rule, type RuleName, UNOBSERVED } from './checker/rules.ts';
export type { Place, Violation } from './checker/violation.ts';
export type { Completion, Fault, FaultGroup, FaultHooks, FaultStage } from './faults/fault.ts';
export { FAULTS, type FaultName } from './faults/index.ts';
