// What the engine (WebAssembly) and its host (TypeScript) agree on. Not part of any standard.

/** Bits of the answer to notify(). */
export const NOTIFY_INTERRUPT = 1;
export const NOTIFY_NEEDS_RESET = 2;
/** The budget ended before the queue did: more is available, and notify() is to be called again. */
export const NOTIFY_MORE = 4;
/** A request waits in its ring for a record of a deferred one: notify() is to be called again when one was released. */
export const NOTIFY_WAITS = 8;
/** Nothing was available, and nothing was done. */
export const NOTIFY_IDLE = 16;

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
/** The host's own fault: what it was called for threw, and left a request half done. */
export const FAULT_HOST = 18;
/** Guest memory that lies elsewhere was not to be reached. */
export const FAULT_GUEST_MEMORY = 19;

/** Guest memory may be cut into this many stretches (RAM below and above a hole, say). */
export const MEMORY_REGIONS_MAX = 8;

/** A chain may have this many buffers even where the queue is smaller, as indirect tables of drivers in the field do. */
export const CHAIN_BUFFERS_MIN = 1024;

/**
 * A session as it stands in the engine's table: id, parameters and keys. From SESSION_PARAMETERS to SESSION_HEAD_BYTES it is
 * what a saved session consists of; the expanded keys behind it are made anew. The cipher's key comes first, the other behind it.
 */
export const SESSION_ID = 0;
export const SESSION_PARAMETERS = 8;
export const SESSION_SERVICE = 8;
/** SYM_OP_* of a CIPHER session. */
export const SESSION_OP_TYPE = 12;
/** Algorithm of a cipher or an AEAD. */
export const SESSION_ALGO = 16;
export const SESSION_DIRECTION = 20;
export const SESSION_KEY_LEN = 24;
export const SESSION_CHAIN_ORDER = 28;
export const SESSION_HASH_MODE = 32;
/** Algorithm of a hash or a MAC. */
export const SESSION_AUTH_ALGO = 36;
export const SESSION_AUTH_KEY_LEN = 40;
/** hash_result_len, or the tag_len of an AEAD. */
export const SESSION_RESULT_LEN = 44;
export const SESSION_KEY = 64;
export const SESSION_KEY_BYTES_MAX = 768;
export const SESSION_HEAD_BYTES = 832;
/**
 * Behind the head: where requests of the session run. Not saved, for it is the host's choice. Each depth has STEPS_MAX steps: a request
 * of `from` bytes of source or more runs at `place`. Steps ascend; the last one that a request reaches counts, and one that reaches
 * none runs in the engine. Unused steps are at STEP_NEVER; a session whose steps are all zero has the engine.
 */
export const SESSION_STEPS = 832;
export const STEPS_MAX = 3;
export const STEP_BYTES = 8;
export const STEP_FROM = 0;
export const STEP_PLACE = 4;
export const STEP_NEVER = 0xffffffff;
export const STEPS_BYTES = 24;
/** Behind the steps of the session of stateless mode: the parameters that they were made for. */
export const SESSION_PLACED_FOR = 904;
export const SESSION_PARAMETERS_BYTES = 40;
/** Where a request runs: in the engine, in the host's own cryptography inside the notification, or beside it. */
export const PLACE_ENGINE = 0;
export const PLACE_HOST = 1;
/** From here on requests are deferred. */
export const PLACE_FIRST_EXECUTOR = 2;
export const PLACE_WORKERS = 2;
export const PLACE_WEBCRYPTO = 3;
/** How many requests are available at once: few, many, or a crowd. */
export const DEPTHS = 3;
export const DEPTH_FEW = 0;
export const DEPTH_MANY = 1;
export const DEPTH_CROWD = 2;
/** The least number of requests that counts as many, and as a crowd. */
export const MANY_REQUESTS = 3;
export const CROWD_REQUESTS = 32;
export const SESSION_PLACEMENT_BYTES = 128;

/** What the host answers when an AEAD request is offered to it: declined, done, or done with a wrong tag and nothing written. */
export const HOST_DECLINED = 0;
export const HOST_DONE = 1;
export const HOST_BAD_TAG = 2;

/** A nonce may stand in a longer field (CCM): so many bytes of content may come with a request beyond what its lengths say. */
export const NONCE_SLACK_BYTES = 16;

/** What the host answers when a record for a deferred request is asked for and there is none: nobody works, or all are taken. */
export const CLAIM_NOBODY = -1;
export const CLAIM_FULL = -2;

/**
 * A record of a deferred request, in the table that useDeferred() names: queue, buffer id, descriptors, session, opcode, numbers of
 * readable and writable buffers, bytes of content and of room for the result, and whether it gains by running beside others like
 * it, 32 bits each. The engine's own fields follow.
 * Behind it the operation, then the buffers: the content's, and those that the device may write, the last of which ends in the status.
 */
export const DEFERRED_QUEUE = 0;
export const DEFERRED_SESSION = 12;
export const DEFERRED_OPCODE = 16;
export const DEFERRED_READABLE_COUNT = 20;
export const DEFERRED_WRITABLE_COUNT = 24;
export const DEFERRED_READABLE_BYTES = 28;
export const DEFERRED_WRITABLE_BYTES = 32;
export const DEFERRED_ALIKE = 36;
export const DEFERRED_OPERATION = 80;
export const DEFERRED_BUFFERS = 128;
export const DEFERRED_BUFFER_BYTES = 16;
export const DEFERRED_BUFFER_ADDRESS = 0;
export const DEFERRED_BUFFER_POINTER = 8;
export const DEFERRED_BUFFER_LENGTH = 12;
/** 1 MiB in pages of 4 KiB, read and written. */
export const DEFERRED_BUFFERS_MAX = 528;
export const DEFERRED_BYTES = 8576;

/** A job: what a deferred request consists of, for whoever runs it, and its answer. */
export const JOB_OPCODE = 0;
export const JOB_READABLE_BYTES = 4;
export const JOB_WRITABLE_BYTES = 8;
export const JOB_STATUS = 12;
export const JOB_RESULT_BYTES = 16;
/** Where its session stands in the same memory, and whether it gains by running beside others like it. */
export const JOB_SESSION = 20;
export const JOB_ALIKE = 24;
/** How far behind the job's start its content and its result begin: whoever fills it in chooses, from JOB_CONTENT on, so that copies are aligned. */
export const JOB_CONTENT_AT = 28;
export const JOB_RESULT_AT = 32;
/** A job in place: where the buffers of its content stand in the same memory, and their number. 0: its content is in the job. */
export const JOB_BUFFERS = 36;
export const JOB_READABLE_COUNT = 40;
/** Which runner ran it: the number of a worker, or behind them all that of the device itself. */
export const JOB_RUNNER = 48;
export const JOB_OPERATION = 64;
export const JOB_OPERATION_BYTES = 44;
/** In the operation: lengths of the IV, the source, the room for the result, the additional data, the digest and the tag. */
export const OPERATION_IV = 0;
export const OPERATION_SOURCE = 4;
export const OPERATION_DESTINATION = 8;
export const OPERATION_AAD = 12;
export const OPERATION_RESULT = 16;
export const OPERATION_TAG = 20;
export const JOB_CONTENT = 128;
export const JOB_ALIGNMENT = 8;
/** Jobs that one call runs, side by side where they are alike. */
export const JOBS_AT_ONCE = 4;

/**
 * What the engine counts, from the address that statisticsAt() answers: what the last notification ran, a row a service;
 * then a record of totals for each queue; then one for each service. Services are 5.9.3.3's (crypto_services), then
 * requests whose opcode names none, then the control queue's (which has a row, and no record).
 */
export const STATISTICS_SERVICES = 6;
export const STATISTICS_UNKNOWN = 5;
export const STATISTICS_CONTROL = 6;
/** A row: requests, and bytes of their content, 32 bits each and counted in one. */
export const ROW_BYTES = 8;
export const ROW_REQUESTS = 0;
export const ROW_CONTENT = 4;
export const ROWS_BYTES = 64;
/** A record, 64 bits each: requests, content bytes, then the requests that ended with each status from ERR to KEY_REJECTED. */
export const RECORD_BYTES = 64;
export const RECORD_REQUESTS = 0;
export const RECORD_CONTENT = 8;
export const RECORD_ERRORS = 16;
export const RECORD_STATUSES = 6;
