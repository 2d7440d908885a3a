// The outcome of a request, in one number. Numbers from OUTCOMES on are listed below. The meaning of a smaller number
// depends on the function: runRequest() returns a FAULT_* that breaks the device, a service's function returns the
// request's CRYPTO_* status.

export const OUTCOMES: u32 = 0x100;
/** Result and status are in the chain. The ring writes the used element now. */
export const DONE: u32 = 0x100;
/** The request waits in the batch, which writes its bytes, its status and its used element when it runs. */
export const BATCHED: u32 = 0x101;
/** The request runs elsewhere, or it has run and waits for its turn (IN_ORDER). Its chain is used later. */
export const DEFERRED: u32 = 0x102;
/** There is no free record, or a request under way shares bytes with the chain. The chain stays available. */
export const WAITS: u32 = 0x103;
/** The request cannot be deferred, so the engine runs it now. */
export const NOT_DEFERRED: u32 = 0x104;
