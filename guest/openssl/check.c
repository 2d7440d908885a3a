/*
 * `evp-check COUNT SEED [THREADS]`: random messages through EVP as the configuration has it, each beside the same calls through the default
 * provider. Prints the first difference and ends with status 1, or the number of messages that were equal.
 *
 * `evp-check speed ALGORITHM BYTES`: how long a message takes in each provider. An AEAD's is as TLS 1.3 asks for it: an IV, 5
 * bytes of additional data, the text in one piece, the tag.
 *
 * `evp-check vectors`: published results, by lines of standard input. `evp-check fork ROUNDS SEED`: processes that share contexts.
 */
#include "check.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define THREADS_MAX 16

uint32_t next(unsigned *seed, uint32_t limit) {
  *seed = *seed * 1664525u + 1013904223u;
  return (uint32_t)(((uint64_t)(*seed >> 8) * limit) >> 24);
}

bool one_in(unsigned *seed, uint32_t chance) { return next(seed, chance) == 0; }

void fill(unsigned *seed, uint8_t *at, uint32_t bytes) {
  for (uint32_t i = 0; i < bytes; i++) at[i] = (uint8_t)next(seed, 256);
}

double now_us(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (double)now.tv_sec * 1e6 + (double)now.tv_nsec / 1e3;
}

uint32_t size_of_message(unsigned *seed) {
  switch (next(seed, 8)) {
    case 0: return next(seed, 40);
    case 1: return 16384;
    case 2: return one_in(seed, 6) ? 65520 + next(seed, 40) : 4080 + next(seed, 40);
    default: return next(seed, 16u << next(seed, 11));
  }
}

static void *work(void *at) {
  struct run *run = at;
  while (run->messages < run->count && !run->failed) run->failed = one_in(&run->seed, 2) ? !check_aead(run) : !check_stream(run);
  return NULL;
}

static bool provider_has(const char *name) {
  EVP_CIPHER *cipher = EVP_CIPHER_fetch(NULL, name, "provider=virtio-crypto");
  EVP_CIPHER_free(cipher);
  return cipher != NULL;
}

int main(int count, char **arguments) {
  if (count == 4 && strcmp(arguments[1], "speed") == 0 && atoi(arguments[3]) > 0)
    return check_speed(arguments[2], atoi(arguments[3]));
  if (count == 4 && strcmp(arguments[1], "fork") == 0)
    return check_fork((unsigned)atoi(arguments[2]), (unsigned)atoi(arguments[3]));
  if (count == 2 && strcmp(arguments[1], "vectors") == 0) return check_vectors();
  unsigned threads = count > 3 ? (unsigned)atoi(arguments[3]) : 1;
  if (count < 3 || threads == 0 || threads > THREADS_MAX) {
    fprintf(stderr, "usage: evp-check COUNT SEED [THREADS] | speed ALGORITHM BYTES | vectors | fork ROUNDS SEED\n");
    return 2;
  }
  pthread_t handles[THREADS_MAX];
  struct run runs[THREADS_MAX];
  for (unsigned i = 0; i < threads; i++) {
    runs[i] = (struct run){.count = (unsigned)atoi(arguments[1]), .seed = (unsigned)atoi(arguments[2]) + i * 7919u};
    pthread_create(&handles[i], NULL, work, &runs[i]);
  }
  unsigned messages = 0;
  bool failed = false;
  for (unsigned i = 0; i < threads; i++) {
    pthread_join(handles[i], NULL);
    messages += runs[i].messages;
    failed = failed || runs[i].failed;
  }
  printf("%u messages equal%s\n", messages, provider_has("AES-128-GCM") ? "" : ", OpenSSL's own");
  return failed;
}
