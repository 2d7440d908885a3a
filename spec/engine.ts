// What the engine (WebAssembly) and its host (TypeScript) agree on. Not part of any standard.

/** Bits of the answer to notify(). */
export const NOTIFY_INTERRUPT = 1;
export const NOTIFY_NEEDS_RESET = 2;

/** Why a queue or a chain was refused. Each one costs the guest DEVICE_NEEDS_RESET (2.1.2). */
export const FAULT_NONE = 0;
export const FAULT_QUEUE_SIZE = 1;
export const FAULT_QUEUE_ALIGNMENT = 2;
export const FAULT_QUEUE_ADDRESS = 3;
export const FAULT_AVAIL_INDEX = 4;
export const FAULT_DESCRIPTOR_INDEX = 5;
export const FAULT_DESCRIPTOR_ADDRESS = 6;
export const FAULT_DESCRIPTOR_LOOP = 7;
export const FAULT_DESCRIPTOR_ORDER = 8;
export const FAULT_CHAIN_LENGTH = 9;
export const FAULT_CHAIN_BYTES = 10;
export const FAULT_INDIRECT_NOT_NEGOTIATED = 11;
export const FAULT_INDIRECT_NESTED = 12;
export const FAULT_INDIRECT_NEXT = 13;
export const FAULT_INDIRECT_LENGTH = 14;
export const FAULT_INDIRECT_ADDRESS = 15;
export const FAULT_REQUEST_HEADER = 16;
export const FAULT_REQUEST_STATUS = 17;

/** Guest memory may be cut into this many stretches (RAM below and above a hole, say). */
export const MEMORY_REGIONS_MAX = 8;

/** A chain may have this many buffers even where the queue is smaller, as indirect tables of drivers in the field do. */
export const CHAIN_BUFFERS_MIN = 1024;

/** What a saved session consists of, and how a session stands in the engine's table. */
export const SESSION_ID = 0;
export const SESSION_SERVICE = 8;
export const SESSION_ALGO = 12;
export const SESSION_DIRECTION = 16;
export const SESSION_KEY_LEN = 20;
export const SESSION_KEY = 32;
export const SESSION_KEY_BYTES_MAX = 32;
