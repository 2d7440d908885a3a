import { notApplicable, notOfferedYet, type Section, section } from './statement.ts';

/** The section has two statuses for one event. */
const TWO_NAMES = notApplicable('a verification that fails is a signature that is wrong: KEY_REJECTED');
const IPSEC = notOfferedYet('IPSEC');

/** Chapter 5.9: the crypto device. */
export const CRYPTO: readonly Section[] = [
  section('5.9.5.1', 'Device configuration layout', [
    ['MUST', 'show 1 to 65535 in max_dataqueues'],
    ['MUST', 'show valid flags in status'],
    ['MUST NOT', 'show a flag in status that is not defined'],
    ['MUST', 'take and handle requests once status shows HW_READY'],
    ['MUST', 'show in crypto_services what it offers'],
    ['MUST', 'show the algorithms of every service that it offers'],
    ['MUST NOT', 'show the bit of an algorithm that is not defined'],
    ['MUST', 'show in max_size the largest request that it takes'],
    ['MUST', 'show in max_cipher_key_len the longest key of its CIPHER service'],
    ['MUST', 'show in max_auth_key_len the longest key of its MAC service'],
  ]),
  section('5.9.7.1', 'Operation Status', [['MUST', 'answer every session and service request with a status']]),
  section('5.9.7.2.1.7', 'Session operation: create session', [
    ['MUST', 'read the structure that the opcode names'],
    ['MUST', 'take the extra parameters as that structure says'],
    ['MUST', 'answer OK for a session that it made'],
    ['MUST', 'answer NOTSUPP for an algorithm or operation that it does not support'],
    ['MUST', 'answer NOSPC when no session id is free, with REVISION_1'],
    ['MUST', 'answer ERR for any other failure'],
    ['MUST', 'give a session id, a unique one, only with OK'],
  ]),
  section('5.9.7.2.1.9', 'Session operation: destroy session', [
    ['MUST', 'answer OK for a session that it closed'],
    ['MUST', 'answer ERR for any failure'],
  ]),
  section('5.9.7.3', 'Data Virtqueue', [
    ['SHOULD', 'refuse requests without SESSION_MODE, with REVISION_1 and without stateless mode'],
  ]),
  section('5.9.7.4.2', 'HASH Service Operation', [
    ['MUST', 'read the structure that the opcode names'],
    ['MUST', 'find the mode in the flag, in stateless mode'],
    ['MUST', 'write the digest into hash_result'],
    ['MUST', 'answer OK for an operation that succeeded'],
    ['MUST', 'answer NOTSUPP for an algorithm or operation that it does not support'],
    ['MUST', 'answer INVSESS for a session id that names no session'],
    ['MUST', 'answer ERR for any other failure'],
  ]),
  section('5.9.7.5.2', 'MAC Service Operation', [
    ['MUST', 'find the mode in the flag, in stateless mode'],
    ['MUST', 'write the MAC into hash_result'],
    ['MUST', 'answer OK for an operation that succeeded'],
    ['MUST', 'answer NOTSUPP for an algorithm or operation that it does not support'],
    ['MUST', 'answer INVSESS for a session id that names no session'],
    ['MUST', 'answer ERR for any other failure'],
  ]),
  section('5.9.7.6.2', 'Symmetric algorithms Operation', [
    ['MUST', 'find the mode in the flag, in stateless mode'],
    ['MUST', 'read the request as the opcode says'],
    ['MUST', 'read the cipher structures of a request of type CIPHER'],
    ['MUST', 'read the chain structures of a request of type ALGORITHM_CHAINING'],
    ['MUST', 'write the result into dst_data'],
    ['MUST', 'look at add_len before it reads additional authenticated data'],
    ['MUST', 'write the digest or MAC of a chained request into hash_result'],
    ['MUST', 'answer OK for an operation that succeeded'],
    ['MUST', 'answer NOTSUPP for an algorithm or operation that it does not support'],
    ['MUST', 'answer INVSESS for a session id that names no session'],
    ['MUST', 'answer ERR for any other failure'],
  ]),
  section('5.9.7.7.2', 'AEAD Service Operation', [
    ['MUST', 'read the stateless structures, in stateless mode'],
    ['MUST', 'write the result into dst_data'],
    ['MUST', 'write the tag behind the result'],
    ['MUST', 'verify the tag when it decrypts, and say whether it was right'],
    ['MUST', 'answer OK for an operation that succeeded'],
    ['MUST', 'answer NOTSUPP for an algorithm or operation that it does not support'],
    ['MUST', 'answer BADMSG for a tag that is wrong'],
    ['MUST', 'answer INVSESS for a session id that names no session'],
    ['MUST', 'answer ERR for any other failure'],
  ]),
  section('5.9.7.8.2', 'AKCIPHER Service Operation', [
    ['MUST', 'read the stateless structures, in stateless mode'],
    ['MUST', 'write the result into dst_data'],
    ['MUST', 'answer OK for an operation that succeeded'],
    ['MUST', 'answer NOTSUPP for an algorithm or operation that it does not support'],
    ['MUST', 'answer BADMSG for a verification that gave a wrong result', TWO_NAMES],
    ['MUST', 'answer INVSESS for a session id that names no session'],
    ['MUST', 'answer KEY_REJECTED for a signature that is wrong'],
    ['MUST', 'answer ERR for any other failure'],
  ]),
  section('5.9.9.9.4', 'IPsec Service Operation (virtio 1.4)', [
    ['MUST', 'check and keep security associations as resource objects', IPSEC],
    ['MUST', 'destroy all of them on a reset', IPSEC],
    ['MUST', 'write the result into dst_data', IPSEC],
    ['MUST', 'answer each request with one of the statuses that the section defines', IPSEC],
  ]),
];
