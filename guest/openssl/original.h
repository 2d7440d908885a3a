/*
 * The default provider's implementation of an algorithm, which ours stands on: what the device does not gain from goes there by one
 * direct call. OpenSSL hands out the functions of a loaded provider (OSSL_PROVIDER_query_operation), so that no fetch lies between.
 */
#ifndef VC_ORIGINAL_H
#define VC_ORIGINAL_H

#include <openssl/core_dispatch.h>
#include <stdbool.h>
#include <stddef.h>

/** Loads the default provider in a library context of its own. */
bool original_load(void);
void original_unload(void);
/** The context that its functions for new contexts take. */
void *original_context(void);
/** The implementation whose names have `name` among them. */
const OSSL_ALGORITHM *original_find(int operation, const char *name);
/** Whether this is one of its names. */
bool original_has_name(const OSSL_ALGORITHM *original, const char *name);
/** Adds a name to a list of names for people. */
void original_add_name(char *names, size_t bytes, const char *name);

/** The most functions that a table has, with its end. */
#define ORIGINAL_FUNCTIONS 32u
/**
 * Copies a table of ORIGINAL_FUNCTIONS at most, with our functions in the place of those with the same numbers. False: it is longer.
 */
bool original_overlay(const OSSL_DISPATCH *from, const OSSL_DISPATCH *ours, OSSL_DISPATCH *table);

/** The function with this number in a table; NULL if there is none. */
void (*original_function(const OSSL_DISPATCH *table, int number))(void);

#endif
