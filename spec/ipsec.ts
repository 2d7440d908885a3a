// Security associations of the IPSEC service (virtio 1.4, 5.9.7.9), compiled by tsc and by asc alike: the object that the driver sends,
// what it may ask for, and how the engine keeps it.

/** mode: the protocol and how it carries a packet. */
export const SA_ESP_TUNNEL = 1;
export const SA_ESP_TRANSPORT = 2;
export const SA_AH_TUNNEL = 3;
export const SA_AH_TRANSPORT = 4;

/** direction: of a request, and of the object type that it names. */
export const SA_OUTBOUND = 1;
export const SA_INBOUND = 2;

/** options, as bit numbers. */
export const SA_OPTION_ESN = 0;
export const SA_OPTION_UDP_ENCAP = 1;
export const SA_OPTION_COPY_DSCP = 2;
export const SA_OPTION_DEC_TTL = 3;
export const SA_OPTION_COPY_DF = 4;
export const SA_OPTION_ECN = 5;
export const SA_OPTION_LIFETIME = 6;
export const SA_OPTIONS = 7;

/** struct virtio_crypto_resource_obj_ipsec_sa_256b_key. Its 64-bit fields are not all aligned. */
export const SA_OBJECT_MODE = 0;
export const SA_OBJECT_DIRECTION = 1;
export const SA_OBJECT_ID = 4;
export const SA_OBJECT_SPI = 8;
export const SA_OBJECT_SALT = 12;
export const SA_OBJECT_OPTIONS = 16;
export const SA_OBJECT_TUNNEL_TYPE = 24;
/** The tunnel's addresses and fields, of IPv4 and of IPv6. */
export const SA_OBJECT_IPV4_ADDRESSES = 28;
export const SA_OBJECT_IPV4_DSCP = 36;
export const SA_OBJECT_IPV4_DF = 37;
export const SA_OBJECT_IPV4_TTL = 38;
export const SA_OBJECT_IPV6_ADDRESSES = 28;
export const SA_OBJECT_IPV6_FLOW = 60;
export const SA_OBJECT_IPV6_HOP_LIMIT = 64;
export const SA_OBJECT_IPV6_DSCP = 65;
export const SA_OBJECT_UDP_SOURCE = 68;
export const SA_OBJECT_UDP_DESTINATION = 70;
export const SA_OBJECT_WINDOW = 72;
export const SA_OBJECT_CIPHER = 76;
export const SA_OBJECT_CIPHER_KEY_LEN = 84;
export const SA_OBJECT_CIPHER_KEY = 88;
export const SA_OBJECT_AUTH = 120;
export const SA_OBJECT_AUTH_KEY_LEN = 128;
export const SA_OBJECT_AUTH_KEY = 132;
export const SA_OBJECT_PACKETS_SOFT = 164;
export const SA_OBJECT_BYTES_SOFT = 172;
export const SA_OBJECT_PACKETS_HARD = 180;
export const SA_OBJECT_BYTES_HARD = 188;
export const SA_OBJECT_BYTES = 196;
export const SA_KEY_BYTES_MAX = 32;

/** Types of tunnels: the version of the outer header. */
export const SA_TUNNEL_IPV4 = 4;
export const SA_TUNNEL_IPV6 = 6;

/** The largest anti-replay window, in packets. */
export const SA_WINDOW_MAX = 1024;
/** An AEAD algorithm in cipher_algo: service << 8 | algorithm, as in opcodes. A plain number is a CIPHER algorithm. */
export const SA_CIPHER_AEAD = 0x300;

/** Answers to create, modify and destroy: the statuses of administration commands (2.12.1), and EEXIST. */
export const SA_DONE = 0;
export const SA_UNKNOWN = 6;
export const SA_EXISTS = 17;
export const SA_INVALID = 22;

/**
 * A security association in the engine's table. What changes comes first (SA_STATE_BYTES, which a saved state has): the last sequence
 * number that was sent, or the highest that was accepted; the packets and bytes that were processed; the secret start of its IVs; and a bit
 * for each sequence number that the window still knows. Then the driver's object. Then what the engine derives from it.
 */
export const SA_SEQUENCE = 0;
export const SA_PACKETS = 8;
export const SA_BYTES = 16;
export const SA_SEED = 24;
export const SA_WINDOW = 40;
export const SA_STATE_BYTES = 296;
export const SA_OBJECT = 296;

/** Where the host writes an object for create and modify, and behind it random bytes for its IVs. */
export const SA_INPUT_SEED = 200;
export const SA_SEED_BYTES = 16;
export const SA_INPUT_BYTES = 216;

/** Types of resource objects (5.9.7.9), and the capabilities that they depend on. */
export const OUTBOUND_SA_TYPE = 0x200;
export const INBOUND_SA_TYPE = 0x201;
export const IPSEC_RESOURCE_CAP = 0x800;
export const IPSEC_SA_CAP = 0x801;

/** struct virtio_crypto_ipsec_resource_cap: the number of associations of each direction. */
export const RESOURCE_CAP_INBOUND = 0;
export const RESOURCE_CAP_OUTBOUND = 4;
export const RESOURCE_CAP_BYTES = 8;

/**
 * struct virtio_crypto_ipsec_sa_cap_data: the number of entries, then an entry for each mode, struct virtio_crypto_ipsec_mode_cap. An entry
 * has 44 bytes, so the 64-bit fields of every second one are not aligned.
 */
export const SA_CAP_COUNT = 0;
export const SA_CAP_ENTRIES = 8;
export const MODE_CAP_BYTES = 44;
export const MODE_CAP_MODE = 0;
export const MODE_CAP_WINDOW = 4;
export const MODE_CAP_OPTIONS = 8;
export const MODE_CAP_CIPHERS = 16;
export const MODE_CAP_MACS = 24;
export const MODE_CAP_AEADS = 32;
export const MODE_CAP_CIPHER_KEY_LEN = 36;
export const MODE_CAP_AUTH_KEY_LEN = 40;
