#ifndef VC_BLOCK_H
#define VC_BLOCK_H

#include <openssl/core_dispatch.h>
#include <stddef.h>

/** AES-CBC and AES-CTR, where the device offers them, over the default provider's. At most `room` entries. Returns how many there are. */
unsigned block_algorithms(OSSL_ALGORITHM *list, unsigned room);
/** Adds the names of those that the device does not offer, and returns how many it offers. */
unsigned block_missing(char *names, size_t bytes);

#endif
