#include "original.h"

#include <openssl/crypto.h>
#include <openssl/provider.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

static OSSL_LIB_CTX *library;
static OSSL_PROVIDER *provider;

bool original_load(void) {
  library = OSSL_LIB_CTX_new();
  provider = library ? OSSL_PROVIDER_load(library, "default") : NULL;
  return provider != NULL;
}

void original_unload(void) {
  if (provider) OSSL_PROVIDER_unload(provider);
  OSSL_LIB_CTX_free(library);
  provider = NULL;
  library = NULL;
}

void *original_context(void) { return OSSL_PROVIDER_get0_provider_ctx(provider); }

static bool has_name(const char *names, const char *name) {
  size_t length = strlen(name);
  for (const char *at = names; at; at = strchr(at, ':')) {
    if (*at == ':') at++;
    if (strncasecmp(at, name, length) == 0 && (at[length] == 0 || at[length] == ':')) return true;
  }
  return false;
}

bool original_has_name(const OSSL_ALGORITHM *original, const char *name) { return has_name(original->algorithm_names, name); }

void original_add_name(char *names, size_t bytes, const char *name) {
  size_t used = strlen(names);
  snprintf(names + used, bytes - used, "%s%s", used > 0 ? ", " : "", name);
}

bool original_overlay(const OSSL_DISPATCH *from, const OSSL_DISPATCH *ours, OSSL_DISPATCH *table) {
  unsigned count = 0;
  for (; from->function_id; from++) {
    if (count + 1 == ORIGINAL_FUNCTIONS) return false;
    void (*own)(void) = original_function(ours, from->function_id);
    table[count++] = (OSSL_DISPATCH){from->function_id, own ? own : from->function};
  }
  table[count] = (OSSL_DISPATCH){0, NULL};
  return true;
}

const OSSL_ALGORITHM *original_find(int operation, const char *name) {
  int no_cache = 0;
  const OSSL_ALGORITHM *found = OSSL_PROVIDER_query_operation(provider, operation, &no_cache);
  for (; found && found->algorithm_names; found++) {
    if (has_name(found->algorithm_names, name)) return found;
  }
  return NULL;
}

void (*original_function(const OSSL_DISPATCH *table, int number))(void) {
  for (; table->function_id; table++) {
    if (table->function_id == number) return table->function;
  }
  return NULL;
}
