#ifndef VC_AEAD_H
#define VC_AEAD_H

#include <openssl/core_dispatch.h>
#include <stddef.h>

/** The AEADs that the device offers, over the default provider's. At most `room` entries. Returns how many there are. */
unsigned aead_algorithms(OSSL_ALGORITHM *list, unsigned room);
/** Adds the names of those that the device does not offer, and returns how many it offers. */
unsigned aead_missing(char *names, size_t bytes);

#endif
