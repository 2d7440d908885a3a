// What became of a request, in one number. Numbers from OUTCOMES on are the ones below. A smaller number is what its
// maker names: the FAULT_* that breaks the device where a ring asks, and the CRYPTO_* status of the answer where a
// service's function returns.

export const OUTCOMES: u32 = 0x100;
/** Its answer stands in the chain: the chain is used now. */
export const DONE: u32 = 0x100;
/** It waits in the batch: its bytes, its status and its used element are written when the batch runs. */
export const BATCHED: u32 = 0x101;
/** It runs elsewhere, or waits for its turn (IN_ORDER): its chain is used later. */
export const DEFERRED: u32 = 0x102;
/** There was no room for it: its chain is still available. */
export const WAITS: u32 = 0x103;
/** It cannot be deferred: run it now. */
export const NOT_DEFERRED: u32 = 0x104;
