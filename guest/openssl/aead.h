#ifndef VC_AEAD_H
#define VC_AEAD_H

#include <openssl/core_dispatch.h>

/** The AEADs that the device offers, over the default provider's. They end with an empty entry. */
const OSSL_ALGORITHM *aead_algorithms(void);
/** Adds the names of those that the device does not offer, and returns how many it offers. */
unsigned aead_missing(char *names, size_t bytes);

#endif
