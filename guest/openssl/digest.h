#ifndef VC_DIGEST_H
#define VC_DIGEST_H

#include <openssl/core_dispatch.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "thresholds.h"

/** SHA-1 and SHA-2, where the device offers them, over the default provider's. The list ends with an empty entry. */
const OSSL_ALGORITHM *digest_algorithms(void);
/** Adds the names of those that the device does not offer, and returns how many it offers. */
unsigned digest_missing(char *names, size_t bytes);
/** Ends the sessions of this process. */
void digest_end(void);

/** What HMAC needs of a hash: the device's number for the HMAC of it, its result, and from where on hashing gains. */
struct hash {
  uint32_t mac;
  uint32_t result_bytes;
  struct threshold threshold;
};
/** False: there is none of this name, by any of its names. */
bool digest_find(const char *name, struct hash *hash);

#endif
