/*
 * `vcrypto-selftest`: AEADs through the device beside published values. The first are test cases 4 and 16 of McGrew and Viega's "The
 * Galois/Counter Mode of Operation", the last is RFC 8439, 2.8.2. Then all lengths around those of pages.
 *
 * `vcrypto-selftest release` resets the device. `notes` shows what was measured. `hold-data` and `hold-control` take a queue and do not
 * give it back, like a process that was stopped in the middle of a request.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "device.h"
#include "wire.h"

struct vector {
  const char *name;
  uint32_t algorithm;
  const char *key, *iv, *aad, *text, *result;
};

static const struct vector VECTORS[] = {
    {"aes-128-gcm", VIRTIO_CRYPTO_AEAD_GCM, "feffe9928665731c6d6a8f9467308308", "cafebabefacedbaddecaf888",
     "feedfacedeadbeeffeedfacedeadbeefabaddad2",
     "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39",
     "42831ec2217774244b7221b784d0d49ce3aa212f2c02a4e035c17e2329aca12e21d514b25466931c7d8f6a5aac84aa051ba30b396a0aac973d58e091"
     "5bc94fbc3221a5db94fae95ae7121a47"},
    {"aes-256-gcm", VIRTIO_CRYPTO_AEAD_GCM, "feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308",
     "cafebabefacedbaddecaf888", "feedfacedeadbeeffeedfacedeadbeefabaddad2",
     "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39",
     "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662"
     "76fc6ece0f4e1768cddf8853bb2d551b"},
    {"chacha20-poly1305", VIRTIO_CRYPTO_AEAD_CHACHA20_POLY1305,
     "808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9f", "070000004041424344454647",
     "50515253c0c1c2c3c4c5c6c7",
     "4c616469657320616e642047656e746c656d656e206f662074686520636c617373206f66202739393a204966204920636f756c64206f6666657220796f"
     "75206f6e6c79206f6e652074697020666f7220746865206675747572652c2073756e73637265656e20776f756c642062652069742e",
     "d31a8d34648e60db7b86afbc53ef7ec2a4aded51296e08fea9e2b5a736ee62d63dbea45e8ca9671282fafb69da92728b1a71de0a9e060b2905d6a5b67e"
     "cd3b3692ddbd7f2d778b8c9803aee328091b58fab324e4fad675945585808b4831d7bc3ff4def08e4b7a9de576d26586cec64b6116"
     "1ae10b594f09e26a7e902ecbd0600691"},
};

static uint32_t unhex(const char *text, uint8_t *bytes) {
  uint32_t count = 0;
  for (; text[2 * count]; count++) {
    char digits[3] = {text[2 * count], text[2 * count + 1], 0};
    bytes[count] = (uint8_t)strtoul(digits, NULL, 16);
  }
  return count;
}

static bool same(const char *name, const uint8_t *found, const uint8_t *expected, uint32_t bytes) {
  bool equal = memcmp(found, expected, bytes) == 0;
  if (!equal) printf("%s: differs\n", name);
  return equal;
}

static bool check(const struct vector *vector, const struct vc_slot *slot) {
  uint8_t key[32], iv[12], aad[64], text[256], result[256];
  struct vc_session_parameters parameters = {
      .service = VC_AEAD, .algorithm = vector->algorithm, .encrypt = true, .key = key, .key_bytes = unhex(vector->key, key)};
  struct vc_aead request = {
      .encrypt = true,
      .algorithm = vector->algorithm,
      .iv = iv,
      .iv_bytes = unhex(vector->iv, iv),
      .aad = aad,
      .aad_bytes = unhex(vector->aad, aad),
      .text_bytes = unhex(vector->text, text),
  };
  uint32_t result_bytes = unhex(vector->result, result);
  struct vc_session there = {0}, back = {0};
  if (vc_session_open(&parameters, &there) != VC_OK) return false;
  parameters.encrypt = false;
  if (vc_session_open(&parameters, &back) != VC_OK) return false;

  memcpy(slot->in, text, request.text_bytes);
  bool good = vc_aead(&there, slot, &request) == VC_OK && same(vector->name, slot->out, result, result_bytes);
  request.encrypt = false;
  memcpy(slot->in, result, result_bytes);
  good = good && vc_aead(&back, slot, &request) == VC_OK && same(vector->name, slot->out, text, request.text_bytes);
  slot->in[result_bytes - 1] ^= 1;
  memset(slot->out, 0x5a, request.text_bytes);
  good = good && vc_aead(&back, slot, &request) == VC_BADMSG && slot->out[0] == 0x5a;

  for (uint32_t bytes = 0; good && bytes <= VC_TEXT_MAX; bytes = bytes < 40 ? bytes + 1 : bytes * 2 - bytes / 3) {
    request.encrypt = true;
    request.text_bytes = bytes;
    for (uint32_t i = 0; i < bytes; i++) slot->in[i] = (uint8_t)(i * 7 + bytes);
    good = vc_aead(&there, slot, &request) == VC_OK;
    request.encrypt = false;
    memcpy(slot->in, slot->out, bytes + VC_TAG_BYTES);
    good = good && vc_aead(&back, slot, &request) == VC_OK;
    for (uint32_t i = 0; good && i < bytes; i++) good = slot->out[i] == (uint8_t)(i * 7 + bytes);
    if (!good) printf("%s: wrong at %u bytes\n", vector->name, bytes);
  }
  vc_session_close(&there);
  vc_session_close(&back);
  good = good && vc_aead(&back, slot, &request) == VC_NO_SESSION;
  printf("%s: %s\n", vector->name, good ? "passed" : "failed");
  return good;
}

int main(int count, char **arguments) {
  if (!vc_open()) {
    printf("no device: %s\n", vc_why());
    return 2;
  }
  struct vc_slot slot;
  if (count > 1 && strcmp(arguments[1], "release") == 0) {
    vc_release();
    return 0;
  }
  if (count > 1 && strcmp(arguments[1], "notes") == 0) {
    for (uint32_t i = 0; i < VC_NOTES; i++) printf("%u%c", vc_notes()[i], i % 3 == 2 ? '\n' : ' ');
    return 0;
  }
  if (count > 1 && strncmp(arguments[1], "hold", 4) == 0) {
    struct turn turn;
    if (!vc_turn_begin(&turn, vc_device(), strcmp(arguments[1], "hold-control") == 0)) return 1;
    printf("held\n");
    fflush(stdout);
    for (;;) pause();
  }
  bool good = vc_slot_take(&slot);
  for (size_t i = 0; good && i < sizeof VECTORS / sizeof *VECTORS; i++) good = check(&VECTORS[i], &slot);
  vc_slot_give(&slot);
  return good ? 0 : 1;
}
