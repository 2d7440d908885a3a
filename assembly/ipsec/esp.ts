// The cryptography of one ESP packet (RFC 4303), over the kernels of its session: nonces and IVs, encryption, and the
// integrity check value (ICV). Positions are from the ESP header on: SPI, sequence number, IV, text, ICV.
import { AEAD_CCM, AES_BLOCK_BYTES, CIPHER_AES_CTR, SERVICE_AEAD, SERVICE_CIPHER } from '../../spec/crypto';
import { SA_OBJECT_SALT, SA_OPTION_ESN } from '../../spec/ipsec';
import { tagsEqual } from '../aead/tag';
import { Device } from '../device';
import { aeadDecrypt, aeadEncrypt } from '../session/aead';
import { macRun } from '../session/auth';
import { cipherRun } from '../session/cipher';
import { authContextOf, contextOf } from '../session/slot';
import { hasOption } from './facts';
import { setBe32 } from './packet';
import { aadArea, factsOf, icvArea, objectOf, Sa, seedOf, sessionOfSa } from './sa';

export const ESP_HEADER_BYTES: u32 = 8;
/** Pad length and next header. */
export const TRAILER_BYTES: u32 = 2;
/** The high half of an extended sequence number, which the ICV covers and the packet does not have. */
const HIGH_BYTES: u32 = 4;

/** Whether the ICV covers the high half of the sequence number behind the text (RFC 4303 section 2.2.1). */
@inline
function coversHigh(sa: Sa): bool {
  return hasOption(factsOf(sa), SA_OPTION_ESN);
}

/** Bytes that the ICV of an association without AEAD covers. */
@inline
export function coveredBytes(sa: Sa, textBytes: u32): u32 {
  return ESP_HEADER_BYTES + factsOf(sa).ivBytes + textBytes + (coversHigh(sa) ? HIGH_BYTES : 0);
}

/** Bytes of padding behind so many bytes of payload (RFC 4303 section 2.4). */
export function paddingBytes(sa: Sa, payloadBytes: u32): u32 {
  return (0 - (payloadBytes + TRAILER_BYTES)) & (factsOf(sa).blockBytes - 1);
}

/** Writes padding that counts up from 1, its length, and the next header. */
export function writeTrailer(at: usize, padding: u32, next: u32): void {
  for (let count: u32 = 1; count <= padding; count++) store<u8>(at + count - 1, <u8>count);
  store<u8>(at + padding, <u8>padding);
  store<u8>(at + padding + 1, <u8>next);
}

/** Whether the padding before a trailer counts up from 1. The packet is authentic, so its time may depend on it. */
export function paddingCounts(trailer: usize, padding: u32): bool {
  for (let count: u32 = 1; count <= padding; count++) {
    if (load<u8>(trailer - padding + count - 1) != <u8>count) return false;
  }
  return true;
}

/**
 * Writes the ESP header and the IV's first content. For CBC this is the association's secret seed combined with the
 * sequence number, so each packet has another block. The cipher encrypts this block before the text, with zeros as its
 * own IV. The result is unpredictable (SP 800-38A appendix C). For other ciphers the IV is the sequence number.
 */
export function beginEsp(sa: Sa, esp: usize, sequence: u64): void {
  const facts = factsOf(sa);
  setBe32(esp, facts.spi);
  setBe32(esp + 4, <u32>sequence);
  const iv = esp + ESP_HEADER_BYTES;
  if (facts.ivBytes == <u32>AES_BLOCK_BYTES) {
    v128.store(iv, v128.load(seedOf(sa)));
    store<u64>(iv, load<u64>(iv) ^ sequence);
  } else if (chainsBlocks(sa)) {
    store<u64>(iv, load<u64>(seedOf(sa)) ^ sequence);
  } else if (facts.ivBytes) {
    store<u64>(iv, bswap<u64>(sequence));
  }
}

/** Whether the cipher chains blocks, so that its IV must be unpredictable. */
@inline
export function chainsBlocks(sa: Sa): bool {
  const session = sessionOfSa(sa);
  return factsOf(sa).service == SERVICE_CIPHER && session.algo != CIPHER_AES_CTR;
}

/** Writes the high half of the sequence number behind the text, where the ICV comes later, if the ICV covers it. */
@inline
export function writeHigh(sa: Sa, at: usize, sequence: u64): void {
  if (coversHigh(sa)) setBe32(at, <u32>(sequence >> 32));
}

/** Encrypts the text, and writes the ICV behind it. beginEsp() was called. */
export function protect(device: Device, sa: Sa, esp: usize, textBytes: u32, sequence: u64): void {
  const facts = factsOf(sa);
  const session = sessionOfSa(sa);
  const iv = esp + ESP_HEADER_BYTES;
  const text = iv + facts.ivBytes;
  const icv = text + textBytes;
  if (facts.service == SERVICE_AEAD) {
    const nonce = setNonce(device, sa, iv);
    const aadBytes = setAad(device, sa, esp, sequence);
    const nonceBytes = nonceBytesOf(sa);
    aeadEncrypt(
      session.algo,
      contextOf(session),
      nonce,
      nonceBytes,
      aadArea(device),
      aadBytes,
      text,
      textBytes,
      text,
      facts.icvBytes,
    );
    return;
  }
  if (facts.service == SERVICE_CIPHER) {
    if (chainsBlocks(sa)) {
      v128.store(device.iv, i64x2.splat(0));
      const bytes = facts.ivBytes + textBytes;
      cipherRun(session.algo, session.direction, contextOf(session), device.iv, iv, iv, bytes);
    } else {
      countText(device, sa, iv, text, text, textBytes);
    }
  }
  writeHigh(sa, icv, sequence);
  macRun(session.authAlgo, authContextOf(session), esp, coveredBytes(sa, textBytes), icv, facts.icvBytes);
}

/**
 * Checks the ICV of a packet, and decrypts its text to `plain`, which is apart from it. False: the ICV is wrong, and
 * nothing was written there. Overwrites the ICV if it covers a high half.
 */
export function unprotect(device: Device, sa: Sa, esp: usize, textBytes: u32, sequence: u64, plain: usize): bool {
  const facts = factsOf(sa);
  const session = sessionOfSa(sa);
  const iv = esp + ESP_HEADER_BYTES;
  const text = iv + facts.ivBytes;
  const icv = text + textBytes;
  if (facts.service == SERVICE_AEAD) {
    const nonce = setNonce(device, sa, iv);
    const aadBytes = setAad(device, sa, esp, sequence);
    const aad = aadArea(device);
    const nonceBytes = nonceBytesOf(sa);
    const context = contextOf(session);
    return aeadDecrypt(session.algo, context, nonce, nonceBytes, aad, aadBytes, text, textBytes, plain, facts.icvBytes);
  }
  const sent = aadArea(device);
  const made = icvArea(device);
  memory.copy(sent, icv, facts.icvBytes);
  writeHigh(sa, icv, sequence);
  macRun(session.authAlgo, authContextOf(session), esp, coveredBytes(sa, textBytes), made, facts.icvBytes);
  if (!tagsEqual(sent, made, facts.icvBytes)) return false;
  decrypt(device, sa, esp, textBytes, plain);
  return true;
}

/** Decrypts the text of a packet without AEAD, whose ICV was right. */
export function decrypt(device: Device, sa: Sa, esp: usize, textBytes: u32, plain: usize): void {
  const facts = factsOf(sa);
  const session = sessionOfSa(sa);
  const iv = esp + ESP_HEADER_BYTES;
  const text = iv + facts.ivBytes;
  if (facts.service != SERVICE_CIPHER) {
    memory.copy(plain, text, textBytes);
  } else if (chainsBlocks(sa)) {
    memory.copy(device.iv, iv, facts.ivBytes);
    cipherRun(session.algo, session.direction, contextOf(session), device.iv, text, plain, textBytes);
  } else {
    countText(device, sa, iv, text, plain, textBytes);
  }
}

/** Counter mode (RFC 3686 section 4): the counter's block is the nonce, the IV, and a number from 1 on. */
export function countText(device: Device, sa: Sa, iv: usize, source: usize, destination: usize, bytes: u32): void {
  const session = sessionOfSa(sa);
  setNonce(device, sa, iv);
  setBe32(device.iv + 12, 1);
  cipherRun(session.algo, session.direction, contextOf(session), device.iv, source, destination, bytes);
}

/**
 * Writes salt and IV into the device's IV. Returns the nonce: the salt of CCM has only 3 bytes (RFC 4309 section 4).
 */
function setNonce(device: Device, sa: Sa, iv: usize): usize {
  store<u32>(device.iv, load<u32>(objectOf(sa) + SA_OBJECT_SALT));
  store<u64>(device.iv + 4, load<u64>(iv));
  return sessionOfSa(sa).algo == AEAD_CCM ? device.iv + 1 : device.iv;
}

@inline
function nonceBytesOf(sa: Sa): u32 {
  return sessionOfSa(sa).algo == AEAD_CCM ? 11 : 12;
}

/**
 * Writes the additional data (RFC 4106 section 5): SPI and sequence number, whole if it is extended. Returns
 * its length.
 */
function setAad(device: Device, sa: Sa, esp: usize, sequence: u64): u32 {
  const aad = aadArea(device);
  if (!coversHigh(sa)) {
    store<u64>(aad, load<u64>(esp));
    return 8;
  }
  store<u32>(aad, load<u32>(esp));
  store<u64>(aad + 4, bswap<u64>(sequence));
  return 12;
}
