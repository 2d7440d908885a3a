/*
 * A user-space driver of the virtio crypto device (OASIS virtio 1.3, 5.9), for Linux guests. It needs root, and libc alone.
 *
 * All processes share one device. What they share, the rings and the pool of buffers, is one segment of locked System V memory (the
 * board, board.h). It outlives each process, so a process that is killed leaves no ring in memory that the kernel gives to others.
 *
 * Whoever can write to the board can make the device read and write all memory of the guest. So a process that uses this driver has
 * the rights of root, even after it gave them up.
 */
#ifndef VCRYPTO_H
#define VCRYPTO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** The longest text of one request in bytes. A slot has room for a tag behind it. */
#define VC_TEXT_MAX 65536u
#define VC_TAG_BYTES 16u
#define VC_IV_MAX 16u
#define VC_AAD_MAX 512u
#define VC_KEY_MAX 256u
#define VC_DIGEST_MAX 64u

enum vc_result {
  VC_OK,
  /** The tag is wrong (VIRTIO_CRYPTO_BADMSG). Nothing was written. */
  VC_BADMSG,
  /** The device does not know the session, because it was reset, or went on from a saved state without keys. */
  VC_NO_SESSION,
  /** The device refuses the request, or has no room for it. */
  VC_REFUSED,
  /** The device does not answer. vc_open() looks for it again. */
  VC_LOST,
};

enum vc_service { VC_CIPHER, VC_AEAD, VC_HASH, VC_MAC };

/** What a session is made of. `algorithm` is the number of the specification (5.9.4). */
struct vc_session_parameters {
  enum vc_service service;
  uint32_t algorithm;
  /** Ciphers and AEADs. */
  bool encrypt;
  const uint8_t *key;
  uint32_t key_bytes;
  /** Hashes and MACs. */
  uint32_t result_bytes;
};

/** An open session. All zero: none. It is of one process, and of the device as it was since its last reset. */
struct vc_session {
  uint64_t id;
  uint32_t generation;
  uint32_t family;
};

/** A pair of buffers that the device reaches. A context has it for the time between its request and the end of its message. */
struct vc_slot {
  uint8_t *in;
  uint8_t *out;
  uint32_t index;
  uint32_t family;
};

/**
 * Finds the device, and takes it from the kernel's driver if nothing uses that. Later calls cost nothing. Thread-safe.
 * @return whether there is a device. If not, vc_why() says why in one line.
 */
bool vc_open(void);
const char *vc_why(void);

/**
 * `tell` is called once, with the reason, when a device that was open is lost and cannot be opened again, or when another process has it.
 * Set it before vc_open().
 */
void vc_on_lost(void (*tell)(const char *why));

/** The longest text of a request that fits this device: its max_size (5.9.5), and the descriptors that its queue has (2.7.5.3.1). */
uint32_t vc_text_max(void);

/** Whether the device offers the algorithm. */
bool vc_offers(enum vc_service service, uint32_t algorithm);

enum vc_result vc_session_open(const struct vc_session_parameters *parameters, struct vc_session *session);
/** Ends a session, with its keys. Does nothing for a session of a process that this one was forked from. */
void vc_session_close(struct vc_session *session);
bool vc_session_is_open(const struct vc_session *session);

/** Takes a slot; false if all are in use. */
bool vc_slot_take(struct vc_slot *slot);
/** Gives it back, if it has one. */
void vc_slot_give(struct vc_slot *slot);
/** Whether it is still this process's own: after a fork it is the parent's. */
bool vc_slot_is_own(const struct vc_slot *slot);

/** AEAD (5.9.7.7): reads `bytes` of slot->in, writes the result and its tag (or the plaintext) to slot->out. */
struct vc_aead {
  bool encrypt;
  uint32_t algorithm;
  const uint8_t *iv;
  uint32_t iv_bytes;
  const uint8_t *aad;
  uint32_t aad_bytes;
  /** Of the text alone. Where the device decrypts, the tag is behind it in slot->in. */
  uint32_t text_bytes;
};
enum vc_result vc_aead(const struct vc_session *session, const struct vc_slot *slot, const struct vc_aead *request);

/** CIPHER (5.9.7.5): as many bytes in as out. */
enum vc_result vc_cipher(const struct vc_session *session, const struct vc_slot *slot, uint32_t algorithm, bool encrypt,
                         const uint8_t *iv, uint32_t iv_bytes, uint32_t bytes);

/** HASH and MAC (5.9.7.4, 5.9.7.6): the result goes to slot->out. */
enum vc_result vc_digest(const struct vc_session *session, const struct vc_slot *slot, enum vc_service service,
                         uint32_t algorithm, uint32_t bytes, uint32_t result_bytes);

/** Words that all processes share, for what one has found out. All 0 when the device was brought up. NULL: there is no device. */
#define VC_NOTES 64u
uint32_t *vc_notes(void);

/** Resets the device, and forgets the board. Other processes find the device anew. */
void vc_release(void);

#endif
