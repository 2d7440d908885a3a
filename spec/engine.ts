// Numbers that the engine (WebAssembly) and its host (TypeScript) agree on. They are not part of any standard.

/** Bits of the result of notify(). */
export const NOTIFY_INTERRUPT = 1;
export const NOTIFY_NEEDS_RESET = 2;
/** The budget ended before the queue was empty. The host has to call notify() again. */
export const NOTIFY_MORE = 4;
/**
 * A request waits in its ring, for a free record, or for a deferred request that shares bytes with it. The host has to call notify()
 * again when a deferred request is complete.
 */
export const NOTIFY_WAITS = 8;
/** Nothing was available, so nothing was done. */
export const NOTIFY_IDLE = 16;

/** Why the device broke. After any of these faults the guest sees DEVICE_NEEDS_RESET (2.1.2). */
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
/** The host's own fault: a function of the host threw while the engine called it, and left a request half done. */
export const FAULT_HOST = 18;
/** Foreign guest memory could not be reached. */
export const FAULT_GUEST_MEMORY = 19;

/** The queues behind the data queues: the control queue, and the administration queue (virtio 1.4), which a device need not offer. */
export const OTHER_QUEUES = 2;

/** The most stretches of guest memory, for example RAM below and above a hole. */
export const MEMORY_REGIONS_MAX = 16;

/** A chain may have this many buffers even if the queue is smaller, because some drivers use such indirect tables. */
export const CHAIN_BUFFERS_MIN = 1024;

/**
 * A session in the engine's table: id, parameters and keys. A saved session consists of the bytes from SESSION_PARAMETERS to
 * SESSION_HEAD_BYTES. The engine makes the expanded keys again. The cipher's key comes first, then the key of the hash or MAC.
 */
export const SESSION_ID = 0;
export const SESSION_PARAMETERS = 8;
export const SESSION_SERVICE = 8;
/** SYM_OP_* of a CIPHER session. */
export const SESSION_OP_TYPE = 12;
/** Algorithm of a cipher or an AEAD. */
export const SESSION_ALGO = 16;
export const SESSION_DIRECTION = 20;
/** key_type of an AKCIPHER session, which has no direction. */
export const SESSION_KEY_TYPE = 20;
export const SESSION_KEY_LEN = 24;
export const SESSION_CHAIN_ORDER = 28;
export const SESSION_HASH_MODE = 32;
/** padding_algo and hash_algo of an AKCIPHER session with RSA. With ECDSA, the first one is curve_id. */
export const SESSION_PADDING = 28;
export const SESSION_SIGNATURE_HASH = 32;
/** Algorithm of a hash or a MAC. */
export const SESSION_AUTH_ALGO = 36;
export const SESSION_AUTH_KEY_LEN = 40;
/** hash_result_len, or the tag_len of an AEAD. */
export const SESSION_RESULT_LEN = 44;
export const SESSION_KEY = 64;
export const SESSION_KEY_BYTES_MAX = 768;
export const SESSION_HEAD_BYTES = 832;
/**
 * Behind the head: where requests of the session run. This is not saved, because the host chooses it. Each depth has STEPS_MAX steps:
 * a request with at least `from` bytes of source runs at `place`. Steps ascend, and the last step that a request reaches counts. A
 * request that reaches no step runs in the engine. Unused steps begin at STEP_NEVER. With steps of zeros all run in the engine.
 */
export const SESSION_STEPS = 832;
export const STEPS_MAX = 3;
export const STEP_BYTES = 8;
export const STEP_FROM = 0;
export const STEP_PLACE = 4;
export const STEP_NEVER = 0xffffffff;
export const STEPS_BYTES = 24;
/** In the stateless slot, behind the steps: the parameters that the steps were made for. */
export const SESSION_PLACED_FOR = 904;
export const SESSION_PARAMETERS_BYTES = 40;
/**
 * Behind it: the family of the session, a number of the host's for sessions whose requests cost the same (0: none), and a bit for each
 * place (1 << PLACE_*) that can run its requests.
 */
export const SESSION_FAMILY = 944;
export const SESSION_PLACES = 948;
/** Where a request runs: in the engine, or in the host's own cryptography, both inside the notification. */
export const PLACE_ENGINE = 0;
export const PLACE_HOST = 1;
/** From this place on requests are deferred: an executor runs them outside the notification. */
export const PLACE_FIRST_EXECUTOR = 2;
export const PLACE_WORKERS = 2;
export const PLACE_WEBCRYPTO = 3;
/** All requests of the AKCIPHER service. */
export const PLACE_AKCIPHER = 4;
/** The depth, which says how many requests are at work at once: few, many, or a crowd. */
export const DEPTHS = 3;
export const DEPTH_FEW = 0;
export const DEPTH_MANY = 1;
export const DEPTH_CROWD = 2;
/** The smallest number of requests that counts as many, and the smallest that counts as a crowd. */
export const MANY_REQUESTS = 3;
export const CROWD_REQUESTS = 32;
export const SESSION_PLACEMENT_BYTES = 128;
/**
 * What the host learns of a notification: two numbers of 32 bits at the address that placementAt() returns. The host writes the first before
 * a notification: a place (PLACE_*) that requests try if their session allows it, or TRY_NONE. The engine writes the second: the kind of
 * the notification's data requests; RAN_NOTHING; or RAN_MIXED, if there were several kinds. A kind consists of a session's family, the
 * depth, a request's place, and how many leading zero bits its number of source bytes has. KIND_FAMILY is the lowest bit of the family, and
 * so on.
 */
export const PLACEMENT_TRY = 0;
export const PLACEMENT_RAN = 4;
export const TRY_NONE = 31;
export const RAN_NOTHING = 0;
export const RAN_MIXED = 1;
export const KIND_FAMILY = 16;
export const KIND_DEPTH = 12;
export const KIND_PLACE = 8;
export const KIND_ZEROS = 2;

/** What the host returns for an AEAD request: it declined, it is done, or the tag was wrong and nothing was written. */
export const HOST_DECLINED = 0;
export const HOST_DONE = 1;
export const HOST_BAD_TAG = 2;

/** A nonce may be in a longer field (CCM). So a request may have this many bytes of content more than its lengths say. */
export const NONCE_SLACK_BYTES = 16;

/** What the host returns if it has no record for a deferred request: it has no executor, or all records are taken. */
export const CLAIM_NOBODY = -1;
export const CLAIM_FULL = -2;

/**
 * A record of a deferred request, in the table that the host gives to useDeferred(): queue, buffer id, descriptors, session, opcode,
 * numbers of readable and writable buffers, bytes of content and of room for the result, and whether the request runs faster beside
 * similar requests, 32 bits each. The engine's own fields follow. Then come the operation and the buffers: those of the content, and
 * those that the device writes. The last of these ends with the status.
 */
export const DEFERRED_QUEUE = 0;
export const DEFERRED_SESSION = 12;
export const DEFERRED_OPCODE = 16;
export const DEFERRED_READABLE_COUNT = 20;
export const DEFERRED_WRITABLE_COUNT = 24;
export const DEFERRED_READABLE_BYTES = 28;
export const DEFERRED_WRITABLE_BYTES = 32;
export const DEFERRED_ALIKE = 36;
/** The request's kind (KIND_*). */
export const DEFERRED_KIND = 64;
export const DEFERRED_OPERATION = 80;
export const DEFERRED_BUFFERS = 128;
export const DEFERRED_BUFFER_BYTES = 16;
export const DEFERRED_BUFFER_ADDRESS = 0;
export const DEFERRED_BUFFER_POINTER = 8;
export const DEFERRED_BUFFER_LENGTH = 12;
/** The most buffers of a record: enough to read and to write 1 MiB in pages of 4 KiB. */
export const DEFERRED_BUFFERS_MAX = 528;
export const DEFERRED_BYTES = 8576;

/** A job: a deferred request as an executor's engine runs it, and its status and result. */
export const JOB_OPCODE = 0;
export const JOB_READABLE_BYTES = 4;
export const JOB_WRITABLE_BYTES = 8;
export const JOB_STATUS = 12;
export const JOB_RESULT_BYTES = 16;
/** The address of its session in the same memory, and whether it runs faster beside similar requests. */
export const JOB_SESSION = 20;
export const JOB_ALIKE = 24;
/** Offsets of its content and its result from the job's start, at least JOB_CONTENT. The device chooses them so that copies are aligned. */
export const JOB_CONTENT_AT = 28;
export const JOB_RESULT_AT = 32;
/** A job in place: the address of its content's buffers in the same memory, and their number. Address 0: the content is in the job. */
export const JOB_BUFFERS = 36;
export const JOB_READABLE_COUNT = 40;
/** The runner that ran it: a worker's number, or the number after the last worker's for the device itself. */
export const JOB_RUNNER = 48;
export const JOB_OPERATION = 64;
export const JOB_OPERATION_BYTES = 44;
/** Offsets in the operation: lengths of the IV, the source, the room for the result, the additional data, the digest and the tag. */
export const OPERATION_IV = 0;
export const OPERATION_SOURCE = 4;
export const OPERATION_DESTINATION = 8;
export const OPERATION_AAD = 12;
export const OPERATION_RESULT = 16;
export const OPERATION_TAG = 20;
export const JOB_CONTENT = 128;
export const JOB_ALIGNMENT = 8;
/** The most jobs that one call runs. Similar jobs run side by side. */
export const JOBS_AT_ONCE = 4;

/**
 * The engine's counters, at the address that statisticsAt() returns. First the counts of the last notification, a row for each
 * service. Then a record of totals for each queue, then one for each service. The services are those of crypto_services (5.9.3.3),
 * then one for opcodes that name no service, then the control queue (which has a row, but no record).
 */
export const STATISTICS_SERVICES = 7;
export const STATISTICS_UNKNOWN = 6;
export const STATISTICS_CONTROL = 7;
/** A row: requests, and bytes of their content, 32 bits each. One addition counts both. */
export const ROW_BYTES = 8;
export const ROW_REQUESTS = 0;
export const ROW_CONTENT = 4;
export const ROWS_BYTES = 64;
/** A record, 64 bits each: requests, content bytes, then the number of requests for each status from ERR to KEY_REJECTED. */
export const RECORD_BYTES = 64;
export const RECORD_REQUESTS = 0;
export const RECORD_CONTENT = 8;
export const RECORD_ERRORS = 16;
export const RECORD_STATUSES = 6;
