import type { ResolvedOptions } from './options.ts';

/** Largest size of the control queue: sessions are made one by one. */
const CONTROL_QUEUE_SIZE = 64;

/** What is saved of a queue's registers; addresses as decimal text, since JSON knows no 64-bit numbers. */
export interface SavedQueueRegisters {
  size: number;
  desc: string;
  driver: string;
  device: string;
  enabled: boolean;
}

/** The registers of one virtqueue (4.1.4.3): what the driver wrote, before and after it enabled the queue. */
export class QueueRegisters {
  readonly maxSize: number;
  size: number;
  /** Guest-physical address of the descriptor table, of the driver area (avail) and of the device area (used). */
  desc = 0n;
  driver = 0n;
  device = 0n;
  enabled = false;

  constructor(maxSize: number) {
    this.maxSize = maxSize;
    this.size = maxSize;
  }

  /** 4.1.4.3.1: after a reset the size is the largest one, and the queue is disabled. */
  reset(): void {
    this.size = this.maxSize;
    this.desc = 0n;
    this.driver = 0n;
    this.device = 0n;
    this.enabled = false;
  }

  save(): SavedQueueRegisters {
    const { size, enabled } = this;
    return { size, enabled, desc: `${this.desc}`, driver: `${this.driver}`, device: `${this.device}` };
  }

  restore(saved: SavedQueueRegisters): void {
    this.size = saved.size;
    this.enabled = saved.enabled;
    this.desc = BigInt(saved.desc);
    this.driver = BigInt(saved.driver);
    this.device = BigInt(saved.device);
  }
}

/** The registers of all virtqueues: dataq1 to dataqN, then controlq (5.9.2). */
export function queueRegisters(options: ResolvedOptions): QueueRegisters[] {
  const queues = Array.from({ length: options.dataQueues }, () => new QueueRegisters(options.queueSize));
  queues.push(new QueueRegisters(CONTROL_QUEUE_SIZE));
  return queues;
}
