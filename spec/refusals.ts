// The checks that refuse a request, by number. The engine reports the number, and its host adds the section of the specification.

/** Checks of an opcode and of its service. */
export const REFUSED_OPCODE = 1;
export const REFUSED_SERVICE = 2;
/** Checks of a session's parameters, also in stateless mode. */
export const REFUSED_OP_TYPE = 3;
export const REFUSED_ALGORITHM = 4;
export const REFUSED_DIRECTION = 5;
export const REFUSED_KEY_LIMIT = 6;
export const REFUSED_KEY_LENGTH = 7;
export const REFUSED_KEY_MISSING = 8;
export const REFUSED_CHAIN_ORDER = 9;
export const REFUSED_HASH_MODE = 10;
export const REFUSED_CHAIN_SERVICE = 11;
export const REFUSED_SESSION_RESULT = 12;
export const REFUSED_SESSION_TAG = 13;
export const REFUSED_NO_SPACE = 14;
export const REFUSED_DESTROY = 15;
/** Checks of the session that a data request names. */
export const REFUSED_NO_SESSION_MODE = 16;
export const REFUSED_SESSION = 17;
export const REFUSED_SESSION_SERVICE = 18;
export const REFUSED_SESSION_OP_TYPE = 19;
export const REFUSED_SESSION_DIRECTION = 20;
/** Checks of a data request's lengths. */
export const REFUSED_MAX_SIZE = 21;
export const REFUSED_SOURCE_MISSING = 22;
export const REFUSED_NO_ROOM = 23;
export const REFUSED_IV_LENGTH = 24;
export const REFUSED_DESTINATION_LENGTH = 25;
export const REFUSED_SOURCE_LENGTH = 26;
export const REFUSED_RESULT_LENGTH = 27;
export const REFUSED_WINDOW = 28;
export const REFUSED_TAG_LENGTH = 29;
export const REFUSED_NONCE_FIELD = 30;
/** Checks of the data. */
export const REFUSED_TAG = 31;
/** Checks of the AKCIPHER service: its keys, its data, and how the data lie. */
export const REFUSED_KEY_TYPE = 32;
export const REFUSED_KEY = 33;
export const REFUSED_PIECES = 34;
export const REFUSED_AKCIPHER = 35;
export const REFUSED_SIGNATURE = 36;
/** Checks of the IPSEC service: its security association, the packet, and what the association still allows. */
export const REFUSED_SA = 37;
export const REFUSED_PACKET = 38;
export const REFUSED_PACKET_LONG = 39;
export const REFUSED_SPI = 40;
export const REFUSED_LIFETIME = 41;
export const REFUSED_SEQUENCE = 42;
export const REFUSED_REPLAY = 43;
export const REFUSED_ICV = 44;
export const REFUSED_TRAILER = 45;
export const REFUSED_INNER = 46;
export const REFUSED_HOPS = 47;
