// The rules of a single chain: order, flags and lengths of its descriptors (2.7.4.2, 2.7.5, 2.8.17, 2.8.19).
import * as virtio from '../../../spec/virtio.ts';
import type { TracedDescriptor } from '../../trace/index.ts';
import type { ReadChain } from './descriptors.ts';
import type { RuleName } from './rules.ts';
import type { Findings } from './violation.ts';

/** What was negotiated, as far as chains depend on it. */
export interface ChainTerms {
  queue: number;
  size: number;
  indirect: boolean;
  inOrder: boolean;
}

const BYTES_MAX = 2 ** 32;
/** All flags of 2.8.13 but WRITE: those of the ring's own table, and NEXT and INDIRECT, have no place in an indirect table. */
const NO_INDIRECT_FLAGS = virtio.DESC_F_NEXT | virtio.DESC_F_INDIRECT;

/** Checks a chain of a split ring. */
export function checkSplitChain(chain: ReadChain, terms: ChainTerms, findings: Findings): void {
  const report = reporter(chain, terms, findings);
  const { own, indirect, endless } = chain;
  if (endless) report('2.7.5.2-2', `the chain goes on behind ${own.length} descriptors`, own.at(-1));
  for (const [at, descriptor] of own.entries()) {
    const { flags, index, last } = descriptor;
    if (flags & virtio.DESC_F_INDIRECT) {
      if (!terms.indirect) report('2.7.5.3.1-1', 'a descriptor has INDIRECT', descriptor);
      if (flags & virtio.DESC_F_NEXT) report('2.7.5.3.1-4', `the flags are ${flags}`, descriptor);
    }
    const expected = index === terms.size - 1 ? 0 : index + 1;
    if (terms.inOrder && flags & virtio.DESC_F_NEXT && last !== expected) {
      report('2.7.5.2-3', `descriptor ${index}, number ${at} of the chain, has next ${last}`, descriptor);
    }
  }
  for (const [at, descriptor] of indirect.entries()) {
    if (descriptor.flags & virtio.DESC_F_INDIRECT) report('2.7.5.3.1-2', `entry ${at} has INDIRECT`, descriptor);
    if (terms.inOrder && descriptor.flags & virtio.DESC_F_NEXT && descriptor.last !== descriptor.index + 1) {
      report('2.7.5.3.1-5', `entry ${descriptor.index} has next ${descriptor.last}`, descriptor);
    }
  }
  const buffers = buffersOf(chain);
  if (!endless && buffers.length > terms.size) {
    report('2.7.5.3.1-3', `the chain has ${buffers.length} descriptors, and the queue ${terms.size}`, own[0]);
  }
  checkOrder(buffers, '2.7.4.2-1', report);
  if (bytesOf(buffers) > BYTES_MAX) report('2.7.5.2-1', `the chain has ${bytesOf(buffers)} bytes`, own[0]);
}

/** Checks a list of a packed ring. */
export function checkPackedList(list: ReadChain, terms: ChainTerms, findings: Findings): void {
  const report = reporter(list, terms, findings);
  const { own, indirect, endless } = list;
  if (endless) report('2.8.17-1', `the list goes on behind ${own.length} descriptors`, own.at(-1));
  for (const descriptor of own) {
    if (!(descriptor.flags & virtio.DESC_F_INDIRECT)) continue;
    if (!terms.indirect) report('2.8.19-1', 'a descriptor has INDIRECT', descriptor);
    if (own.length > 1) report('2.8.19-3', `the list has ${own.length} descriptors`, descriptor);
  }
  for (const [at, descriptor] of indirect.entries()) {
    if (descriptor.flags & NO_INDIRECT_FLAGS)
      report('2.8.19-2', `entry ${at} has the flags ${descriptor.flags}`, descriptor);
  }
  checkOrder(buffersOf(list), '2.8.17-2', report);
}

type Report = (rule: RuleName, seen: string, descriptor: TracedDescriptor | undefined) => void;

function reporter({ head, own, indirect }: ReadChain, { queue }: ChainTerms, findings: Findings): Report {
  return (rule, seen, descriptor) =>
    findings.report(rule, seen, {
      queue,
      head,
      chain: [...own, ...indirect],
      ...(descriptor && { descriptor: descriptor.index, address: descriptor.address }),
    });
}

function checkOrder(buffers: readonly TracedDescriptor[], rule: RuleName, report: Report): void {
  const writable = buffers.findIndex(({ flags }) => flags & virtio.DESC_F_WRITE);
  const late = writable < 0 ? undefined : buffers.slice(writable).find(({ flags }) => !(flags & virtio.DESC_F_WRITE));
  if (late)
    report(rule, `descriptor ${late.index} is readable, and ${buffers[writable]?.index} before it is writable`, late);
}

/** The descriptors of buffers: without that of the indirect table. */
function buffersOf({ own, indirect }: ReadChain): TracedDescriptor[] {
  return [...own.filter(({ flags }) => !(flags & virtio.DESC_F_INDIRECT)), ...indirect];
}

function bytesOf(buffers: readonly TracedDescriptor[]): number {
  return buffers.reduce((sum, { bytes }) => sum + bytes, 0);
}
