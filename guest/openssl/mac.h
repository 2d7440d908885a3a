#ifndef VC_MAC_H
#define VC_MAC_H

#include <openssl/core_dispatch.h>
#include <stddef.h>

/** HMAC, if the device offers it, over the default provider's. The list ends with an empty entry. */
const OSSL_ALGORITHM *mac_algorithms(void);
/** Adds its name if the device does not offer it, and returns how many it offers. */
unsigned mac_missing(char *names, size_t bytes);

#endif
