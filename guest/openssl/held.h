/* A message that is kept until it is whole: the device hashes in one request. Processes that fork keep what is theirs. */
#ifndef VC_HELD_H
#define VC_HELD_H

#include <openssl/crypto.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#define HELD_STEP 4096u

struct held {
  uint8_t *at;
  uint32_t bytes, room;
};

/** Adds a piece. False, and nothing was added: the message is longer than `limit`, or there is no memory. */
static inline bool held_add(struct held *held, const uint8_t *piece, size_t bytes, uint32_t limit) {
  if (bytes > limit - held->bytes) return false;
  uint32_t sum = held->bytes + (uint32_t)bytes;
  if (sum > held->room) {
    uint32_t room = held->bytes > 0 ? limit : (sum + HELD_STEP - 1) / HELD_STEP * HELD_STEP;
    uint8_t *grown = OPENSSL_clear_realloc(held->at, held->room, room);
    if (!grown) return false;
    held->at = grown;
    held->room = room;
  }
  memcpy(held->at + held->bytes, piece, bytes);
  held->bytes = sum;
  return true;
}

/** For a copy of a context: its own copy of the message. */
static inline bool held_copy(struct held *held) {
  if (held->bytes == 0) {
    *held = (struct held){0};
    return true;
  }
  uint8_t *own = OPENSSL_malloc(held->room);
  if (own) memcpy(own, held->at, held->bytes);
  held->at = own;
  return own != NULL;
}

static inline void held_free(struct held *held) {
  OPENSSL_clear_free(held->at, held->room);
  *held = (struct held){0};
}

#endif
