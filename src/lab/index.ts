/**
 * The driver lab: says which statements of the specification a driver breaks, misbehaves towards it, and runs it through scenarios.
 * @module virtio-crypto-wasm/lab
 */
export { type CheckerOptions, DriverChecker } from './checker/checker.ts';
export { type Level, RULES, type Rule, type RuleName, UNOBSERVED } from './checker/rules.ts';
export type { Place, Violation } from './checker/violation.ts';
export type { DriverWatcher } from './checker/watched_device.ts';
export type { DriverParts, LabDriver, MakeDriver } from './drivers/driver.ts';
export { GuardedDriver } from './drivers/guarded_driver.ts';
export { DRIVERS, type DriverName } from './drivers/index.ts';
export type { Completion, Fault, FaultGroup, FaultHooks, FaultStage, Outcome } from './faults/fault.ts';
export { FAULTS, type FaultName } from './faults/index.ts';
export type { Cell, CellResult, DecodedRequest, Happening, RequestEnd } from './matrix/cell.ts';
export { FEATURE_SETS, type FeatureSetName } from './matrix/features.ts';
export { LabError, type LabOptions, lab, type TestFunction } from './matrix/lab.ts';
export { runCell } from './matrix/run.ts';
export { AXES, cellsOf, type Selection, SelectionError } from './matrix/select.ts';
export { SCENARIOS, type ScenarioName } from './scenarios/index.ts';
export type { Scenario, ScenarioStage } from './scenarios/scenario.ts';
