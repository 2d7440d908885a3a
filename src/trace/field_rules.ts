// How a layout of the specification is written down: numbers at their offsets, and what they measure.
import * as crypto from '../../spec/crypto.ts';
import { algorithmName } from './names.ts';

/** A number in the fixed-length part of a request. */
export interface FieldRule {
  offset: number;
  bytes: 4 | 8;
  name: string;
  /** What the number says, in words; `at` reads others of the same part. */
  value: (number: number, at: (offset: number) => number) => string;
}

/** The fixed-length fields of one kind of request, and what follows them, each as long as a field says. */
export interface Layout {
  section: string;
  fields: readonly FieldRule[];
  /** Length of header and fields with REVISION_1; without it they are padded. */
  headerBytes: number;
  /** The readable part behind the fields, then the writable part before the status; offsets are those of the lengths. */
  readable: readonly Variable[];
  writable: readonly Variable[];
}

export interface Variable {
  name: string;
  lengthAt: number;
  secret?: boolean;
}

const decimal = (number: number): string => String(number);
export const hex = (number: number): string => `0x${number.toString(16)}`;
export const length = (number: number): string => `${number} bytes`;
export const rule = (offset: number, name: string, value: FieldRule['value'] = decimal): FieldRule => ({
  offset,
  bytes: 4,
  name,
  value,
});
export const algorithm = (service: number) => (number: number) => algorithmName(service, number);
/** A chain's second algorithm is a MAC or a hash, as hash_mode says. */
export const chainedAlgorithm =
  (modeAt: number): FieldRule['value'] =>
  (number, at) =>
    algorithmName(at(modeAt) === crypto.HASH_MODE_AUTH ? crypto.SERVICE_MAC : crypto.SERVICE_HASH, number);

const SYM_OPS: Record<number, string> = {
  [crypto.SYM_OP_NONE]: 'NONE',
  [crypto.SYM_OP_CIPHER]: 'CIPHER',
  [crypto.SYM_OP_ALGORITHM_CHAINING]: 'ALGORITHM_CHAINING',
};
export const symOp = (number: number): string => SYM_OPS[number] ?? decimal(number);
const CHAIN_ORDERS: Record<number, string> = {
  [crypto.CHAIN_HASH_THEN_CIPHER]: 'HASH_THEN_CIPHER',
  [crypto.CHAIN_CIPHER_THEN_HASH]: 'CIPHER_THEN_HASH',
};
const HASH_MODES: Record<number, string> = {
  [crypto.HASH_MODE_PLAIN]: 'PLAIN',
  [crypto.HASH_MODE_AUTH]: 'AUTH',
  [crypto.HASH_MODE_NESTED]: 'NESTED',
};
export const chainOrder = (number: number): string => CHAIN_ORDERS[number] ?? decimal(number);
export const hashMode = (number: number): string => HASH_MODES[number] ?? decimal(number);

/** What tells layouts of one service apart: op_type of a symmetric request, the operation or the algorithm of an asymmetric one. */
export interface Kind {
  opType: number;
  operation: number;
  algorithm: number;
}
