// Asymmetric requests (5.9.7.8): what follows the lengths depends on the algorithm of a session, and on the operation.
import * as crypto from '../../spec/crypto.ts';
import { type FieldRule, type Layout, length, rule, type Variable } from './field_rules.ts';
import { algorithmName } from './names.ts';

const named =
  (names: readonly string[]) =>
  (number: number): string =>
    names[number] ?? String(number);

const keyType = named(['0', 'PUBLIC', 'PRIVATE']);
const padding = named(['RAW', 'PKCS1']);
const rsaHash = named(['NO_HASH', 'MD2', 'MD3', 'MD4', 'MD5', 'SHA1', 'SHA256', 'SHA384', 'SHA512', 'SHA224']);
const curve = named(['UNKNOWN', 'NIST_P192', 'NIST_P224', 'NIST_P256', 'NIST_P384', 'NIST_P521']);
const algorithm = (number: number): string => algorithmName(crypto.SERVICE_AKCIPHER, number);
const VERIFY = 3;

/** What an algorithm adds to the parameters of its sessions. */
function parameters(of: number, at: number, prefix: string): FieldRule[] {
  if (of === crypto.AKCIPHER_ECDSA) return [rule(at + crypto.ECDSA_CURVE_ID, `${prefix}curve_id`, curve)];
  if (of !== crypto.AKCIPHER_RSA) return [];
  return [
    rule(at + crypto.RSA_PADDING_ALGO, `${prefix}padding_algo`, padding),
    rule(at + crypto.RSA_HASH_ALGO, `${prefix}hash_algo`, rsaHash),
  ];
}

/** The layout of a request that makes a session of an algorithm. */
export function akcipherSession(of: number): Layout {
  return {
    section: '5.9.7.2.1',
    headerBytes: crypto.CTRL_AKCIPHER_BYTES,
    fields: [
      rule(crypto.CTRL_AKCIPHER_ALGO, 'algo', algorithm),
      rule(crypto.CTRL_AKCIPHER_KEY_TYPE, 'key_type', keyType),
      rule(crypto.CTRL_AKCIPHER_KEY_LEN, 'key_len', length),
      ...parameters(of, crypto.CTRL_AKCIPHER_PARAMETERS, 'algo_flf.'),
    ],
    readable: [{ name: 'key', lengthAt: crypto.CTRL_AKCIPHER_KEY_LEN, secret: true }],
    writable: [],
  };
}

/** To verify, the signature and behind it what was signed are both read: their lengths stand where others have source and result. */
function contents(operation: number, source: number, destination: number): Pick<Layout, 'readable' | 'writable'> {
  if (operation !== VERIFY) {
    return {
      readable: [{ name: 'src_data', lengthAt: source }],
      writable: [{ name: 'dst_data', lengthAt: destination }],
    };
  }
  const read: Variable[] = [
    { name: 'src_data (signature)', lengthAt: source },
    { name: 'src_data (signed data)', lengthAt: destination },
  ];
  return { readable: read, writable: [] };
}

/** The layout of a data request, with the low byte of its opcode. */
export function akcipherData(operation: number): Layout {
  return {
    section: '5.9.7.8',
    headerBytes: crypto.DATA_AKCIPHER_BYTES,
    fields: [
      rule(crypto.DATA_AKCIPHER_SRC_LEN, 'src_data_len', length),
      rule(crypto.DATA_AKCIPHER_DST_LEN, 'dst_data_len', length),
    ],
    ...contents(operation, crypto.DATA_AKCIPHER_SRC_LEN, crypto.DATA_AKCIPHER_DST_LEN),
  };
}

/** The same where the service's stateless mode was negotiated. */
export function akcipherStateless(operation: number, of: number): Layout {
  const { readable, writable } = contents(
    operation,
    crypto.STATELESS_AKCIPHER_SRC_LEN,
    crypto.STATELESS_AKCIPHER_DST_LEN,
  );
  return {
    section: '5.9.7.8',
    headerBytes: crypto.DATA_AKCIPHER_STATELESS_BYTES,
    fields: [
      rule(crypto.STATELESS_AKCIPHER_ALGO, 'sess_para.algo', algorithm),
      rule(crypto.STATELESS_AKCIPHER_KEY_TYPE, 'sess_para.key_type', keyType),
      rule(crypto.STATELESS_AKCIPHER_KEY_LEN, 'sess_para.key_len', length),
      ...parameters(of, crypto.STATELESS_AKCIPHER_PARAMETERS, 'sess_para.'),
      rule(crypto.STATELESS_AKCIPHER_SRC_LEN, 'src_data_len', length),
      rule(crypto.STATELESS_AKCIPHER_DST_LEN, 'dst_data_len', length),
    ],
    readable: [{ name: 'akcipher_key', lengthAt: crypto.STATELESS_AKCIPHER_KEY_LEN, secret: true }, ...readable],
    writable,
  };
}
