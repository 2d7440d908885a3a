// The wire of the crypto device (5.9 Crypto Device), compiled by tsc and by asc alike.
// "Legacy" names the layout without VIRTIO_CRYPTO_F_REVISION_1, whose headers are padded to 72 bytes.

export const DEVICE_ID_CRYPTO = 20;

/** Services (5.9.4 Supported crypto services): bits of crypto_services, high byte of an opcode. */
export const SERVICE_CIPHER = 0;
export const SERVICE_HASH = 1;
export const SERVICE_MAC = 2;
export const SERVICE_AEAD = 3;
export const SERVICE_AKCIPHER = 4;
export const SERVICE_IPSEC = 5;

/** CIPHER algorithms (5.9.4.1): bits of cipher_algo_l/h, and the algo field of a session. */
export const CIPHER_NONE = 0;
export const CIPHER_ARC4 = 1;
export const CIPHER_AES_ECB = 2;
export const CIPHER_AES_CBC = 3;
export const CIPHER_AES_CTR = 4;
export const CIPHER_DES_ECB = 5;
export const CIPHER_DES_CBC = 6;
export const CIPHER_3DES_ECB = 7;
export const CIPHER_3DES_CBC = 8;
export const CIPHER_3DES_CTR = 9;
export const CIPHER_KASUMI_F8 = 10;
export const CIPHER_SNOW3G_UEA2 = 11;
export const CIPHER_AES_F8 = 12;
export const CIPHER_AES_XTS = 13;
export const CIPHER_ZUC_EEA3 = 14;

/** HASH algorithms (5.9.4.2): bits of hash_algo, and the algo field of a session. */
export const HASH_NONE = 0;
export const HASH_MD5 = 1;
export const HASH_SHA1 = 2;
export const HASH_SHA_224 = 3;
export const HASH_SHA_256 = 4;
export const HASH_SHA_384 = 5;
export const HASH_SHA_512 = 6;
export const HASH_SHA3_224 = 7;
export const HASH_SHA3_256 = 8;
export const HASH_SHA3_384 = 9;
export const HASH_SHA3_512 = 10;
export const HASH_SHAKE128 = 11;
export const HASH_SHAKE256 = 12;

/** MAC algorithms (5.9.4.3): bits of mac_algo_l/h. Numbers 1 to 6 are the HMACs of the HASH algorithms with the same number. */
export const MAC_NONE = 0;
export const MAC_HMAC_MD5 = 1;
export const MAC_HMAC_SHA1 = 2;
export const MAC_HMAC_SHA_224 = 3;
export const MAC_HMAC_SHA_256 = 4;
export const MAC_HMAC_SHA_384 = 5;
export const MAC_HMAC_SHA_512 = 6;
export const MAC_CMAC_3DES = 25;
export const MAC_CMAC_AES = 26;
export const MAC_KASUMI_F9 = 27;
export const MAC_SNOW3G_UIA2 = 28;
export const MAC_GMAC_AES = 41;
export const MAC_GMAC_TWOFISH = 42;
export const MAC_CBCMAC_AES = 49;
export const MAC_CBCMAC_KASUMI_F9 = 50;
export const MAC_XCBC_AES = 53;
export const MAC_ZUC_EIA3 = 54;

/** AEAD algorithms (5.9.4.4): bits of aead_algo. */
export const AEAD_NONE = 0;
export const AEAD_GCM = 1;
export const AEAD_CCM = 2;
export const AEAD_CHACHA20_POLY1305 = 3;

/** AKCIPHER algorithms (5.9.4.5): bits of akcipher_algo. Then the types of their keys. */
export const AKCIPHER_RSA = 1;
export const AKCIPHER_ECDSA = 2;
export const AKCIPHER_KEY_PUBLIC = 1;
export const AKCIPHER_KEY_PRIVATE = 2;

/** Opcodes of the control queue (5.9.7.2): service << 8 | operation. */
export const OP_CREATE_SESSION = 0x02;
export const OP_DESTROY_SESSION = 0x03;
export const OP_AKCIPHER_CREATE_SESSION = 0x04;
export const OP_AKCIPHER_DESTROY_SESSION = 0x05;
export const CIPHER_CREATE_SESSION = 0x0002;
export const CIPHER_DESTROY_SESSION = 0x0003;
export const HASH_CREATE_SESSION = 0x0102;
export const HASH_DESTROY_SESSION = 0x0103;
export const MAC_CREATE_SESSION = 0x0202;
export const MAC_DESTROY_SESSION = 0x0203;
export const AEAD_CREATE_SESSION = 0x0302;
export const AEAD_DESTROY_SESSION = 0x0303;
export const AKCIPHER_CREATE_SESSION = 0x0404;
export const AKCIPHER_DESTROY_SESSION = 0x0405;

/** Opcodes of the data queues (5.9.7.3). */
export const CIPHER_ENCRYPT = 0x0000;
export const CIPHER_DECRYPT = 0x0001;
export const HASH = 0x0100;
export const MAC = 0x0200;
export const AEAD_ENCRYPT = 0x0300;
export const AEAD_DECRYPT = 0x0301;
export const AKCIPHER_ENCRYPT = 0x0400;
export const AKCIPHER_DECRYPT = 0x0401;
export const AKCIPHER_SIGN = 0x0402;
export const AKCIPHER_VERIFY = 0x0403;
export const IPSEC_OUTBOUND = 0x0500;
export const IPSEC_INBOUND = 0x0501;

/** Feature bits of the device type (5.9.3), as bit numbers. All others require F_REVISION_1 (5.9.3.1). */
export const F_REVISION_1 = 0;
export const F_CIPHER_STATELESS_MODE = 1;
export const F_HASH_STATELESS_MODE = 2;
export const F_MAC_STATELESS_MODE = 3;
export const F_AEAD_STATELESS_MODE = 4;
export const F_AKCIPHER_STATELESS_MODE = 5;
/** The bit number of a service's stateless feature is this number plus the service's number. */
export const F_STATELESS_MODE = F_CIPHER_STATELESS_MODE;

/** flag of struct virtio_crypto_op_header: the request names a session. Ignored without REVISION_1. */
export const FLAG_SESSION_MODE = 1;

/** Direction of a session (5.9.7.2.1). */
export const DIRECTION_ENCRYPT = 1;
export const DIRECTION_DECRYPT = 2;

/** op_type of a symmetric session or request (5.9.7.2.1). */
export const SYM_OP_NONE = 0;
export const SYM_OP_CIPHER = 1;
export const SYM_OP_ALGORITHM_CHAINING = 2;

/** alg_chain_order and hash_mode of a chained session (5.9.7.2.1). */
export const CHAIN_HASH_THEN_CIPHER = 1;
export const CHAIN_CIPHER_THEN_HASH = 2;
export const HASH_MODE_PLAIN = 1;
export const HASH_MODE_AUTH = 2;
export const HASH_MODE_NESTED = 3;

/** Operation status (5.9.7.1). */
export const CRYPTO_OK = 0;
export const CRYPTO_ERR = 1;
export const CRYPTO_BADMSG = 2;
export const CRYPTO_NOTSUPP = 3;
export const CRYPTO_INVSESS = 4;
export const CRYPTO_NOSPC = 5;
export const CRYPTO_KEY_REJECTED = 6;
/** Of IPSEC requests (virtio 1.4): the request is done, and a soft limit of its security association is reached. */
export const CRYPTO_SOFT_EXPIRY = 7;

/** struct virtio_crypto_ctrl_header, with the legacy padding behind it. */
export const CTRL_OPCODE = 0;
export const CTRL_ALGO = 4;
export const CTRL_FLAG = 8;
export const CTRL_HEADER_BYTES = 16;
export const CTRL_LEGACY_BYTES = 72;
/** With REVISION_1 nothing is padded: header and fixed-length fields of each request. */
export const CTRL_SYM_BYTES = 72;
export const CTRL_HASH_BYTES = 24;
export const CTRL_MAC_BYTES = 32;
export const CTRL_AEAD_BYTES = 40;
export const CTRL_DESTROY_BYTES = 24;

/** struct virtio_crypto_cipher_session_flf, from the start of the control request. */
export const CTRL_CIPHER_ALGO = 16;
export const CTRL_CIPHER_KEY_LEN = 20;
export const CTRL_CIPHER_OP = 24;
/** struct virtio_crypto_alg_chain_session_flf, its cipher_hdr and its algo_flf (of a hash or a MAC). */
export const CTRL_CHAIN_ORDER = 16;
export const CTRL_CHAIN_HASH_MODE = 20;
export const CTRL_CHAIN_CIPHER_ALGO = 24;
export const CTRL_CHAIN_CIPHER_KEY_LEN = 28;
export const CTRL_CHAIN_CIPHER_OP = 32;
export const CTRL_CHAIN_AUTH_ALGO = 40;
export const CTRL_CHAIN_RESULT_LEN = 44;
export const CTRL_CHAIN_AUTH_KEY_LEN = 48;
export const CTRL_CHAIN_AAD_LEN = 56;
/** op_type of struct virtio_crypto_sym_create_session_flf. */
export const CTRL_SYM_OP_TYPE = 64;
/** struct virtio_crypto_hash_create_session_flf and virtio_crypto_mac_create_session_flf. */
export const CTRL_AUTH_ALGO = 16;
export const CTRL_AUTH_RESULT_LEN = 20;
export const CTRL_AUTH_KEY_LEN = 24;
/** struct virtio_crypto_aead_create_session_flf. */
export const CTRL_AEAD_ALGO = 16;
export const CTRL_AEAD_KEY_LEN = 20;
export const CTRL_AEAD_TAG_LEN = 24;
export const CTRL_AEAD_AAD_LEN = 28;
export const CTRL_AEAD_OP = 32;
/** struct virtio_crypto_destroy_session_flf. */
export const CTRL_DESTROY_SESSION_ID = 16;

/** struct virtio_crypto_create_session_input. */
export const CREATE_INPUT_SESSION_ID = 0;
export const CREATE_INPUT_STATUS = 8;
export const CREATE_INPUT_BYTES = 16;
/** struct virtio_crypto_destroy_session_input, and struct virtio_crypto_inhdr. */
export const STATUS_BYTES = 1;

/** struct virtio_crypto_op_header, with the legacy padding behind it. */
export const DATA_OPCODE = 0;
export const DATA_ALGO = 4;
export const DATA_SESSION_ID = 8;
export const DATA_FLAG = 16;
export const DATA_HEADER_BYTES = 24;
export const DATA_LEGACY_BYTES = 72;
/** With REVISION_1 nothing is padded: header and fixed-length fields of each request. */
export const DATA_SYM_BYTES = 72;
export const DATA_AUTH_BYTES = 32;
export const DATA_AEAD_BYTES = 48;
/** The same lengths if the service's stateless mode was negotiated, for requests in both modes. */
export const DATA_SYM_STATELESS_BYTES = 100;
export const DATA_AUTH_STATELESS_BYTES = 40;
export const DATA_AEAD_STATELESS_BYTES = 56;

/** struct virtio_crypto_cipher_data_flf, from the start of the data request. */
export const DATA_CIPHER_IV_LEN = 24;
export const DATA_CIPHER_SRC_LEN = 28;
export const DATA_CIPHER_DST_LEN = 32;
/** struct virtio_crypto_alg_chain_data_flf. */
export const DATA_CHAIN_IV_LEN = 24;
export const DATA_CHAIN_SRC_LEN = 28;
export const DATA_CHAIN_DST_LEN = 32;
export const DATA_CHAIN_CIPHER_START = 36;
export const DATA_CHAIN_CIPHER_LEN = 40;
export const DATA_CHAIN_HASH_START = 44;
export const DATA_CHAIN_HASH_LEN = 48;
export const DATA_CHAIN_AAD_LEN = 52;
export const DATA_CHAIN_RESULT_LEN = 56;
/** op_type of struct virtio_crypto_sym_data_flf. */
export const DATA_SYM_OP_TYPE = 64;
/** struct virtio_crypto_hash_data_flf, and of a MAC. */
export const DATA_AUTH_SRC_LEN = 24;
export const DATA_AUTH_RESULT_LEN = 28;
/** struct virtio_crypto_aead_data_flf. */
export const DATA_AEAD_IV_LEN = 24;
export const DATA_AEAD_AAD_LEN = 28;
export const DATA_AEAD_SRC_LEN = 32;
export const DATA_AEAD_DST_LEN = 36;
export const DATA_AEAD_TAG_LEN = 40;

/** struct virtio_crypto_cipher_data_flf_stateless. */
export const STATELESS_CIPHER_ALGO = 24;
export const STATELESS_CIPHER_KEY_LEN = 28;
export const STATELESS_CIPHER_OP = 32;
export const STATELESS_CIPHER_IV_LEN = 36;
export const STATELESS_CIPHER_SRC_LEN = 40;
export const STATELESS_CIPHER_DST_LEN = 44;
/** struct virtio_crypto_alg_chain_data_flf_stateless. From iv_len on, its fields have the same order as in session mode. */
export const STATELESS_CHAIN_ORDER = 24;
export const STATELESS_CHAIN_SESSION_AAD_LEN = 28;
export const STATELESS_CHAIN_CIPHER_ALGO = 32;
export const STATELESS_CHAIN_CIPHER_KEY_LEN = 36;
export const STATELESS_CHAIN_CIPHER_OP = 40;
export const STATELESS_CHAIN_AUTH_ALGO = 44;
export const STATELESS_CHAIN_AUTH_KEY_LEN = 48;
export const STATELESS_CHAIN_HASH_MODE = 52;
export const STATELESS_CHAIN_IV_LEN = 56;
export const STATELESS_CHAIN_SRC_LEN = 60;
export const STATELESS_CHAIN_DST_LEN = 64;
export const STATELESS_CHAIN_CIPHER_START = 68;
export const STATELESS_CHAIN_CIPHER_LEN = 72;
export const STATELESS_CHAIN_HASH_START = 76;
export const STATELESS_CHAIN_HASH_LEN = 80;
export const STATELESS_CHAIN_AAD_LEN = 84;
export const STATELESS_CHAIN_RESULT_LEN = 88;
/** op_type of struct virtio_crypto_sym_data_flf_stateless. */
export const STATELESS_SYM_OP_TYPE = 96;
/** struct virtio_crypto_hash_data_flf_stateless. */
export const STATELESS_HASH_ALGO = 24;
export const STATELESS_HASH_SRC_LEN = 28;
export const STATELESS_HASH_RESULT_LEN = 32;
/** struct virtio_crypto_mac_data_flf_stateless. */
export const STATELESS_MAC_ALGO = 24;
export const STATELESS_MAC_KEY_LEN = 28;
export const STATELESS_MAC_SRC_LEN = 32;
export const STATELESS_MAC_RESULT_LEN = 36;
/** struct virtio_crypto_aead_data_flf_stateless. */
export const STATELESS_AEAD_ALGO = 24;
export const STATELESS_AEAD_KEY_LEN = 28;
export const STATELESS_AEAD_OP = 32;
export const STATELESS_AEAD_IV_LEN = 36;
export const STATELESS_AEAD_TAG_LEN = 40;
export const STATELESS_AEAD_AAD_LEN = 44;
export const STATELESS_AEAD_SRC_LEN = 48;
export const STATELESS_AEAD_DST_LEN = 52;

/** struct virtio_crypto_akcipher_create_session_flf, from the start of the control request. Then the algorithm's parameters. */
export const CTRL_AKCIPHER_ALGO = 16;
export const CTRL_AKCIPHER_KEY_TYPE = 20;
export const CTRL_AKCIPHER_KEY_LEN = 24;
export const CTRL_AKCIPHER_PARAMETERS = 28;
export const CTRL_AKCIPHER_BYTES = 72;
/** struct virtio_crypto_akcipher_data_flf, from the start of the data request. */
export const DATA_AKCIPHER_SRC_LEN = 24;
export const DATA_AKCIPHER_DST_LEN = 28;
export const DATA_AKCIPHER_BYTES = 32;
/** struct virtio_crypto_ipsec_data_flf, from the start of the data request. */
export const DATA_IPSEC_SRC_LEN = 24;
export const DATA_IPSEC_DST_LEN = 28;
export const DATA_IPSEC_BYTES = 32;
/** struct virtio_crypto_akcipher_data_flf_stateless. */
export const STATELESS_AKCIPHER_ALGO = 24;
export const STATELESS_AKCIPHER_KEY_TYPE = 28;
export const STATELESS_AKCIPHER_KEY_LEN = 32;
export const STATELESS_AKCIPHER_PARAMETERS = 36;
export const STATELESS_AKCIPHER_SRC_LEN = 44;
export const STATELESS_AKCIPHER_DST_LEN = 48;
export const DATA_AKCIPHER_STATELESS_BYTES = 52;
/** Offsets in the algorithm's parameters: struct virtio_crypto_rsa_session_para, struct virtio_crypto_ecdsa_session_para. */
export const RSA_PADDING_ALGO = 0;
export const RSA_HASH_ALGO = 4;
export const ECDSA_CURVE_ID = 0;
/** VIRTIO_CRYPTO_RSA_*_PADDING, the values of padding_algo. */
export const RSA_RAW_PADDING = 0;
export const RSA_PKCS1_PADDING = 1;

/** struct virtio_crypto_config (5.9.5 Device configuration layout). */
export const CONFIG_STATUS = 0;
export const CONFIG_MAX_DATAQUEUES = 4;
export const CONFIG_CRYPTO_SERVICES = 8;
export const CONFIG_CIPHER_ALGO_L = 12;
export const CONFIG_CIPHER_ALGO_H = 16;
export const CONFIG_HASH_ALGO = 20;
export const CONFIG_MAC_ALGO_L = 24;
export const CONFIG_MAC_ALGO_H = 28;
export const CONFIG_AEAD_ALGO = 32;
export const CONFIG_MAX_CIPHER_KEY_LEN = 36;
export const CONFIG_MAX_AUTH_KEY_LEN = 40;
export const CONFIG_AKCIPHER_ALGO = 44;
export const CONFIG_MAX_SIZE = 48;
export const CONFIG_BYTES = 56;
/** The only bit of the status field. It says that the device is ready to process requests. */
export const S_HW_READY = 1;

export const AES_BLOCK_BYTES = 16;
/** Length of iv for AEAD with CCM, whatever iv_len says. The nonce begins at its second byte (5.9.7.7). */
export const CCM_IV_BYTES = 16;
/** The longest keys that this device takes: of a cipher or an AEAD (arc4's is the longest), and of a MAC. */
export const CIPHER_KEY_BYTES_MAX = 256;
export const AUTH_KEY_BYTES_MAX = 512;
