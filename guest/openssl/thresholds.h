/* From which size on the device is the faster one, measured once for all processes of a guest. */
#ifndef VC_THRESHOLDS_H
#define VC_THRESHOLDS_H

#include <stdbool.h>
#include <stdint.h>

/** Kinds of work that are measured apart. */
enum kind {
  KIND_AES_128_GCM,
  KIND_AES_256_GCM,
  KIND_CHACHA20_POLY1305,
  KIND_AES_CBC_ENCRYPT,
  KIND_AES_CBC_DECRYPT,
  KIND_AES_CTR,
  KIND_SHA_1,
  KIND_SHA_256,
  KIND_SHA_512,
};

struct threshold {
  /** Bytes of a request from which the device is faster, where its session is open. UINT32_MAX: it never is. */
  uint32_t open;
  /** The same where a session must be made for the request, and ended. */
  uint32_t first;
  /** Bytes that software may take of requests above `open` before a session is made for the next. So little is lost if none comes. */
  uint32_t credit;
};

/** How the times are taken: each runs its work once on so many bytes. */
struct trial {
  bool (*software)(void *state, uint32_t bytes);
  bool (*device)(void *state, uint32_t bytes);
  bool (*session)(void *state);
};

/** Nothing is measured from now on: all that can go to the device goes there. For tests. */
void threshold_always(void);

/** The threshold of a kind. The first process measures it, for a tenth of a second or so. */
struct threshold threshold_of(enum kind kind, const struct trial *trial, void *state);

/** Whether a request of this size goes to the device. Counts what software takes in `missed`. */
static inline bool threshold_reached(const struct threshold *threshold, bool session, uint32_t bytes, uint32_t *missed) {
  if (bytes < threshold->open) return false;
  if (session || bytes >= threshold->first || *missed >= threshold->credit) return true;
  *missed += bytes;
  return false;
}

#endif
