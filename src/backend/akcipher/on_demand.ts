// What a device loads with its first long request of the AKCIPHER service: the arithmetic on curves, and workers with their script.
export { CurveArithmetic } from '../../akcipher/ecdsa_arithmetic.ts';
export { AkcipherPool } from './pool.ts';
