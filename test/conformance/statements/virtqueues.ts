import { type Section, section } from './statement.ts';

/** Chapters 2.7 and 2.8: split and packed virtqueues. */
export const VIRTQUEUES: readonly Section[] = [
  section('2.7.4.1', 'Message Framing', [
    ['MUST NOT', 'expect the bytes of a request to be cut into descriptors in a particular way'],
  ]),
  section('2.7.5.1', 'The Virtqueue Descriptor Table', [
    ['MUST NOT', 'write to a readable buffer'],
    ['SHOULD NOT', 'read a writable buffer'],
    ['MUST NOT', 'write to the descriptor table'],
  ]),
  section('2.7.5.3.2', 'Indirect Descriptors', [
    ['MUST', 'ignore the write flag of the descriptor that refers to an indirect table'],
    ['MUST', 'take a chain of direct descriptors that ends with one that refers to an indirect table'],
  ]),
  section('2.7.7.2', 'Used Buffer Notification Suppression', [
    ['MUST', 'ignore used_event, without EVENT_IDX'],
    ['SHOULD NOT', 'notify while the flags are 1, without EVENT_IDX'],
    ['MUST', 'notify while the flags are 0, without EVENT_IDX'],
    ['MUST', 'ignore the lowest flag, with EVENT_IDX'],
    ['MUST', 'notify when it used the entry that used_event names, with EVENT_IDX'],
    ['SHOULD NOT', 'notify when it used any other entry, with EVENT_IDX'],
  ]),
  section('2.7.8.2', 'The Virtqueue Used Ring', [
    ['MUST', 'write len before it moves idx on'],
    ['MUST', 'have written at least the first len writable bytes before it moves idx on'],
  ]),
  section('2.7.10.2', 'Available Buffer Notification Suppression', [
    ['MUST', 'set the flags of the used ring to 0 or 1, without EVENT_IDX'],
    ['MUST', 'set the flags of the used ring to 0, with EVENT_IDX'],
    ['MUST', 'cope with notifications of nothing'],
  ]),
  section('2.8.12', 'Packed Virtqueues', [
    ['MUST', 'start with descriptors in the order in which they stand in the ring'],
    ['MUST', 'start to write used descriptors in the order in which requests complete'],
  ]),
  section('2.8.15', 'The Virtqueue Descriptor Table of a packed ring', [
    ['MUST NOT', 'write to a readable buffer'],
    ['SHOULD NOT', 'read a writable buffer'],
    ['MUST NOT', 'use a descriptor before it sees AVAIL change in its flags'],
    ['MUST NOT', 'change a descriptor once it changed USED in its flags'],
  ]),
  section('2.8.18', 'Scatter-Gather Support of a packed ring', [
    ['MUST', 'take the descriptors of a list in the order in which the driver made them available'],
  ]),
];
