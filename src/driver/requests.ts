// What a driver's user gives to a request, and what comes back.
import type {
  AeadAlgorithm,
  AkcipherAlgorithm,
  CipherAlgorithm,
  HashAlgorithm,
  MacAlgorithm,
} from '../../spec/names.ts';
import type { AkcipherOperation, Window } from './operations.ts';
import type { ChainHash, ChainOrder, EcdsaCurve, KeyType, RsaHash, RsaPadding, SessionParameters } from './sessions.ts';
import type { Status } from './status.ts';
import type { Direction } from './wire.ts';

/** Options of every request. */
export interface RequestOptions {
  /** Whether the request is in stateless mode (5.9.7.3): it carries the keys. Needs the layout 'revision1'. Default false: a session. */
  stateless?: boolean;
  /** Number of the data queue, from 0. Default 0. */
  queue?: number;
  /** Whether the notification is held back, until notify() or a later request sends it. Default false. */
  hold?: boolean;
}

/** A request of the CIPHER service (5.9.7.6). */
export interface CipherRequest extends RequestOptions {
  algorithm: CipherAlgorithm;
  direction: Direction;
  /**
   * The key. AES: 16, 24 or 32 bytes; aes-xts: 32 or 64; aes-f8: key and mask, 32, 48 or 64; DES: 8; 3DES: 16 or 24; arc4: 1 to 256;
   * others: 16.
   */
  key: Uint8Array;
  /** The IV or initial counter: 16 bytes; DES, 3DES and kasumi-f8: 8 bytes; ECB and arc4: none. */
  iv: Uint8Array;
  /** The source. ECB and CBC: whole blocks of 16 bytes, DES and 3DES of 8; aes-xts: at least 16 bytes. */
  data: Uint8Array;
}

/** A request of the HASH service (5.9.7.4). */
export interface HashRequest extends RequestOptions {
  algorithm: HashAlgorithm;
  /** The message, of any length. */
  data: Uint8Array;
  /** hash_result_len: length of the result in bytes, at most the algorithm's own; SHAKE gives any length. Default: the algorithm's own. */
  length?: number;
}

/** A request of the MAC service (5.9.7.5). */
export interface MacRequest extends RequestOptions {
  algorithm: MacAlgorithm;
  /** The key. HMAC: any length; cmac-3des: 16 or 24 bytes; other AES and Twofish: 16, 24 or 32; xcbc-aes, KASUMI, SNOW 3G and ZUC: 16. */
  key: Uint8Array;
  /** The message. GMAC expects its IV (12 bytes) in front of it; snow3g-uia2 and zuc-eia3 theirs (16); kasumi-f9 COUNT and FRESH (8). */
  data: Uint8Array;
  /** hash_result_len: length of the result in bytes, at most the algorithm's own. Default: the algorithm's own. */
  length?: number;
}

/** A request of the AEAD service (5.9.7.7). */
export interface AeadRequest extends RequestOptions {
  algorithm: AeadAlgorithm;
  direction: Direction;
  /** The key. AES-GCM and AES-CCM: 16, 24 or 32 bytes; ChaCha20-Poly1305: 32. */
  key: Uint8Array;
  /** The nonce. GCM: 12 bytes, or 16 that are J0 itself; CCM: 7 to 13; ChaCha20-Poly1305: 12. */
  iv: Uint8Array;
  /** Additional authenticated data. Default: none. */
  aad?: Uint8Array;
  /** The text. For decryption: the ciphertext, followed by the tag. */
  data: Uint8Array;
  /** Length of the tag in bytes. GCM: 4, 8 or 12 to 16; CCM: an even number from 4 to 16; ChaCha20-Poly1305: 16. Default 16. */
  tagLength?: number;
}

/** A request of algorithm chaining: a cipher and a hash or MAC over the same source (5.9.7.6). */
export interface ChainRequest extends RequestOptions {
  order: ChainOrder;
  direction: Direction;
  /** The cipher, with key and IV as in CipherRequest. Its window says which bytes of `data` it covers. */
  cipher: { algorithm: CipherAlgorithm; key: Uint8Array; iv: Uint8Array } & Window;
  /** The hash or MAC. Its window says which bytes of `data` it covers. */
  hash: ChainHash & Window;
  /** Data that is hashed in front of the window. Default: none. */
  aad?: Uint8Array;
  /** The source. */
  data: Uint8Array;
}

/** A request of the AKCIPHER service (5.9.7.8). */
export interface AkcipherOptions extends RequestOptions {
  algorithm: AkcipherAlgorithm;
  operation: AkcipherOperation;
  keyType: KeyType;
  /**
   * RSA: RSAPublicKey or RSAPrivateKey in DER (RFC 8017, appendix A.1). ECDSA: the octets of an uncompressed point (SEC 1, section 2.3.3),
   * or ECPrivateKey in DER (RFC 5915).
   */
  key: Uint8Array;
  /** The curve of ECDSA. Default 'p-256'. */
  curve?: EcdsaCurve;
  /** Of RSA. Default 'raw', which cannot sign or verify. */
  padding?: RsaPadding;
  /** The hash of an RSA signature with padding. Default 'none'. */
  hash?: RsaHash;
  /** The source; to sign and to verify: the signed value, a digest unless `hash` is 'none'. */
  data: Uint8Array;
  /** The signature to verify. */
  signature?: Uint8Array;
  /** Room for the result in bytes. Default 1024, as long as the longest modulus. A raw result fills it. */
  length?: number;
}

/** A request of the IPSEC service (virtio 1.4, 5.9.7.9). */
export interface IpsecRequest {
  direction: 'outbound' | 'inbound';
  /** Id of the security association, from 0 on: each direction has its own. */
  association: number | bigint;
  /** The packet, from its IP header on. Outbound: as it is. Inbound: with ESP or AH. */
  data: Uint8Array;
  /** Room for the result in bytes. Default: enough for any mode and algorithm. */
  length?: number;
  queue?: number;
  hold?: boolean;
}

/** The result of a request. */
export interface Result {
  status: Status;
  /** The device's result. Empty unless the status is 'ok' or 'soft-expiry'. */
  data: Uint8Array;
}

/** The result of a chained request: `data` is as long as the source. */
export interface ChainResult extends Result {
  /** The hash or MAC. Empty unless the status is 'ok'. */
  digest: Uint8Array;
}

/** The device's answer to a request for a session, with the session's parameters. */
export interface OpenSession<Parameters extends SessionParameters = SessionParameters> {
  /** 'ok' if the session is open. */
  status: Status;
  /** The session's id; 0 unless the status is 'ok'. */
  id: bigint;
  parameters: Parameters;
}
