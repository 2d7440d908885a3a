// The wire of the crypto device (5.9 Crypto Device), compiled by tsc and by asc alike.
// "Legacy" names the layout without VIRTIO_CRYPTO_F_REVISION_1, whose headers are padded to 72 bytes.

export const DEVICE_ID_CRYPTO = 20;

/** Services (5.9.4 Supported crypto services): bits of crypto_services, high byte of an opcode. */
export const SERVICE_CIPHER = 0;
export const SERVICE_HASH = 1;
export const SERVICE_MAC = 2;
export const SERVICE_AEAD = 3;

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

/** MAC algorithms (5.9.4.3): bits of mac_algo_l/h. 1 to 6 are the HMAC of the HASH algorithm of that number. */
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

/** Opcodes of the control queue (5.9.8.2): service << 8 | operation. */
export const OP_CREATE_SESSION = 0x02;
export const OP_DESTROY_SESSION = 0x03;
export const OP_AKCIPHER_DESTROY_SESSION = 0x05;
export const CIPHER_CREATE_SESSION = 0x0002;
export const CIPHER_DESTROY_SESSION = 0x0003;

/** Opcodes of the data queues (5.9.8.3). */
export const CIPHER_ENCRYPT = 0x0000;
export const CIPHER_DECRYPT = 0x0001;

/** Direction of a session (5.9.8.2.1). */
export const DIRECTION_ENCRYPT = 1;
export const DIRECTION_DECRYPT = 2;

/** op_type of a symmetric session or request (5.9.8.2.1). */
export const SYM_OP_NONE = 0;
export const SYM_OP_CIPHER = 1;
export const SYM_OP_ALGORITHM_CHAINING = 2;

/** Operation status (5.9.8.1). */
export const CRYPTO_OK = 0;
export const CRYPTO_ERR = 1;
export const CRYPTO_BADMSG = 2;
export const CRYPTO_NOTSUPP = 3;
export const CRYPTO_INVSESS = 4;
export const CRYPTO_NOSPC = 5;
export const CRYPTO_KEY_REJECTED = 6;

/** struct virtio_crypto_ctrl_header, with the legacy padding behind it. */
export const CTRL_OPCODE = 0;
export const CTRL_ALGO = 4;
export const CTRL_FLAG = 8;
export const CTRL_LEGACY_BYTES = 72;

/** struct virtio_crypto_cipher_session_flf, from the start of the control request. */
export const CTRL_CIPHER_ALGO = 16;
export const CTRL_CIPHER_KEY_LEN = 20;
export const CTRL_CIPHER_OP = 24;
/** op_type of struct virtio_crypto_sym_create_session_flf. */
export const CTRL_SYM_OP_TYPE = 64;
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
export const DATA_LEGACY_BYTES = 72;

/** struct virtio_crypto_cipher_data_flf, from the start of the data request. */
export const DATA_CIPHER_IV_LEN = 24;
export const DATA_CIPHER_SRC_LEN = 28;
export const DATA_CIPHER_DST_LEN = 32;
/** op_type of struct virtio_crypto_sym_data_flf. */
export const DATA_SYM_OP_TYPE = 64;

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
/** The only bit of the status field: the device is ready to process requests. */
export const S_HW_READY = 1;

export const AES_BLOCK_BYTES = 16;
export const AES_KEY_BYTES_MAX = 32;
