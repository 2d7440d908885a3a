#include <string.h>

#include "device.h"

/** Compilers may not leave it out, although nothing reads the bytes afterwards. */
static void wipe(void *at, size_t bytes) { explicit_bzero(at, bytes); }

static void put32(uint8_t *header, uint32_t offset, uint32_t value) { memcpy(header + offset, &value, 4); }

static void put64(uint8_t *header, uint32_t offset, uint64_t value) { memcpy(header + offset, &value, 8); }

static enum vc_result result_of(uint32_t status) {
  switch (status) {
    case VIRTIO_CRYPTO_CRYPTO_OK: return VC_OK;
    case VIRTIO_CRYPTO_CRYPTO_BADMSG: return VC_BADMSG;
    case VIRTIO_CRYPTO_CRYPTO_INVSESS: return VC_NO_SESSION;
    default: return VC_REFUSED;
  }
}

// Slots

/** The board that a slot is on. */
static struct board *board_of(const struct vc_slot *slot) {
  return (struct board *)(slot->in - SLOTS_AT - slot->index * 2u * SLOT_BUFFER);
}

bool vc_slot_take(struct vc_slot *slot) {
  struct device *device = vc_device();
  if (!device) return false;
  struct board *board = device->board;
  for (unsigned pass = 0; pass < 2; pass++) {
    for (unsigned i = 0; i < SLOTS; i++) {
      unsigned index = ((unsigned)device->self.process + i) % SLOTS;
      struct owner *owner = &board->slots[index];
      int32_t holder = owner->process;
      // In the second pass those of the dead are free as well.
      if (holder != 0 && (pass == 0 || vc_owner_alive(owner))) continue;
      if (!atomic_compare_exchange_strong(&owner->process, &holder, device->self.process)) continue;
      owner->start = device->self.start;
      uint8_t *at = (uint8_t *)board + SLOTS_AT + index * 2u * SLOT_BUFFER;
      *slot = (struct vc_slot){.in = at, .out = at + SLOT_BUFFER, .index = index, .family = device->family};
      return true;
    }
  }
  return false;
}

bool vc_slot_is_own(const struct vc_slot *slot) {
  const struct device *device = vc_device();
  return slot->in && device && slot->family == device->family;
}

void vc_slot_give(struct vc_slot *slot) {
  if (vc_slot_is_own(slot)) {
    // The device may have another board by now.
    atomic_store(&board_of(slot)->slots[slot->index].process, 0);
  }
  *slot = (struct vc_slot){0};
}

// Sessions

static const struct {
  uint32_t create, destroy, algorithm, key_bytes, result_bytes;
} SESSIONS[] = {
    [VC_CIPHER] = {VIRTIO_CRYPTO_CIPHER_CREATE_SESSION, VIRTIO_CRYPTO_CIPHER_DESTROY_SESSION,
                   VIRTIO_CRYPTO_CTRL_CIPHER_ALGO, VIRTIO_CRYPTO_CTRL_CIPHER_KEY_LEN, 0},
    [VC_AEAD] = {VIRTIO_CRYPTO_AEAD_CREATE_SESSION, VIRTIO_CRYPTO_AEAD_DESTROY_SESSION, VIRTIO_CRYPTO_CTRL_AEAD_ALGO,
                 VIRTIO_CRYPTO_CTRL_AEAD_KEY_LEN, VIRTIO_CRYPTO_CTRL_AEAD_TAG_LEN},
    [VC_HASH] = {VIRTIO_CRYPTO_HASH_CREATE_SESSION, VIRTIO_CRYPTO_HASH_DESTROY_SESSION, VIRTIO_CRYPTO_CTRL_AUTH_ALGO, 0,
                 VIRTIO_CRYPTO_CTRL_AUTH_RESULT_LEN},
    [VC_MAC] = {VIRTIO_CRYPTO_MAC_CREATE_SESSION, VIRTIO_CRYPTO_MAC_DESTROY_SESSION, VIRTIO_CRYPTO_CTRL_AUTH_ALGO,
                VIRTIO_CRYPTO_CTRL_AUTH_KEY_LEN, VIRTIO_CRYPTO_CTRL_AUTH_RESULT_LEN},
};

/** Runs a request of the control queue, which the caller has locked. Its header is in the frame; keys are wiped behind it. */
static enum vc_result control(const struct turn *turn, uint32_t key_bytes, uint32_t answer_bytes) {
  struct frame *frame = frame_of(turn->board, turn->queue);
  memset(frame->answer, 0xff, sizeof frame->answer);
  const struct part parts[] = {
      {frame->header, VIRTIO_CRYPTO_CTRL_LEGACY_BYTES, false},
      {frame->key, key_bytes, false},
      {frame->answer, answer_bytes, true},
  };
  enum vc_result result = vc_turn_run(turn, parts, 3);
  if (key_bytes > 0) wipe(frame->key, key_bytes);
  return result;
}

static enum vc_result destroy(const struct turn *turn, uint32_t opcode, uint64_t id) {
  struct frame *frame = frame_of(turn->board, turn->queue);
  memset(frame->header, 0, sizeof frame->header);
  put32(frame->header, VIRTIO_CRYPTO_CTRL_OPCODE, opcode);
  put64(frame->header, VIRTIO_CRYPTO_CTRL_DESTROY_SESSION_ID, id);
  return control(turn, 0, VIRTIO_CRYPTO_STATUS_BYTES);
}

/** The control queue is locked, and with it the table of sessions. */
static void end_sessions_of_dead(const struct turn *turn) {
  struct board *board = turn->board;
  for (unsigned i = 0; i < SESSIONS_MAX; i++) {
    if (board->sessions[i].id == 0 || vc_owner_alive(&board->sessions[i].owner)) continue;
    if (destroy(turn, board->sessions[i].opcode, board->sessions[i].id) != VC_OK) return;
    board->sessions[i].id = 0;
  }
}

bool vc_end_sessions_of_dead(struct device *device) {
  struct turn turn;
  if (!vc_turn_begin(&turn, device, true)) return false;
  end_sessions_of_dead(&turn);
  vc_turn_end(&turn);
  return true;
}

static int free_entry(const struct turn *turn) {
  for (unsigned pass = 0; pass < 2; pass++) {
    for (int i = 0; i < (int)SESSIONS_MAX; i++) {
      if (turn->board->sessions[i].id == 0) return i;
    }
    end_sessions_of_dead(turn);
  }
  return -1;
}

static enum vc_result create(const struct turn *turn, const struct vc_session_parameters *wanted, uint64_t *id) {
  struct frame *frame = frame_of(turn->board, turn->queue);
  uint8_t *header = frame->header;
  memset(header, 0, sizeof frame->header);
  put32(header, VIRTIO_CRYPTO_CTRL_OPCODE, SESSIONS[wanted->service].create);
  put32(header, VIRTIO_CRYPTO_CTRL_ALGO, wanted->algorithm);
  put32(header, SESSIONS[wanted->service].algorithm, wanted->algorithm);
  if (SESSIONS[wanted->service].key_bytes) put32(header, SESSIONS[wanted->service].key_bytes, wanted->key_bytes);
  if (SESSIONS[wanted->service].result_bytes) put32(header, SESSIONS[wanted->service].result_bytes, wanted->result_bytes);
  uint32_t direction = wanted->encrypt ? VIRTIO_CRYPTO_DIRECTION_ENCRYPT : VIRTIO_CRYPTO_DIRECTION_DECRYPT;
  if (wanted->service == VC_CIPHER) {
    put32(header, VIRTIO_CRYPTO_CTRL_CIPHER_OP, direction);
    put32(header, VIRTIO_CRYPTO_CTRL_SYM_OP_TYPE, VIRTIO_CRYPTO_SYM_OP_CIPHER);
  } else if (wanted->service == VC_AEAD) {
    put32(header, VIRTIO_CRYPTO_CTRL_AEAD_TAG_LEN, VC_TAG_BYTES);
    put32(header, VIRTIO_CRYPTO_CTRL_AEAD_OP, direction);
  }
  if (wanted->key_bytes > 0) memcpy(frame->key, wanted->key, wanted->key_bytes);
  enum vc_result result = control(turn, wanted->key_bytes, VIRTIO_CRYPTO_CREATE_INPUT_BYTES);
  if (result != VC_OK) return result;
  uint32_t status;
  memcpy(id, frame->answer + VIRTIO_CRYPTO_CREATE_INPUT_SESSION_ID, 8);
  memcpy(&status, frame->answer + VIRTIO_CRYPTO_CREATE_INPUT_STATUS, 4);
  return result_of(status);
}

enum vc_result vc_session_open(const struct vc_session_parameters *wanted, struct vc_session *session) {
  struct device *device = vc_device();
  if (!device) return VC_LOST;
  if (wanted->key_bytes > VC_KEY_MAX) return VC_REFUSED;
  struct turn turn;
  enum vc_result result = VC_LOST;
  if (vc_turn_begin(&turn, device, true)) {
    struct board *board = turn.board;
    uint64_t id;
    int entry = free_entry(&turn);
    result = entry < 0 ? VC_REFUSED : create(&turn, wanted, &id);
    if (entry >= 0 && result == VC_REFUSED) {
      // There may have been no room, for the sessions of processes that were killed.
      end_sessions_of_dead(&turn);
      result = create(&turn, wanted, &id);
    }
    if (result == VC_OK) {
      board->sessions[entry].opcode = SESSIONS[wanted->service].destroy;
      board->sessions[entry].owner.process = device->self.process;
      board->sessions[entry].owner.start = device->self.start;
      board->sessions[entry].id = id;
      *session = (struct vc_session){.id = id, .generation = board->generation, .family = device->family};
    }
    vc_turn_end(&turn);
  }
  if (result == VC_LOST) vc_device_lost(device);
  return result;
}

bool vc_session_is_open(const struct vc_session *session) {
  const struct device *device = vc_device();
  return device && session->id != 0 && session->generation == device->board->generation &&
         session->family == device->family;
}

void vc_session_close(struct vc_session *session) {
  uint64_t id = session->id;
  bool is_open = id != 0 && vc_session_is_open(session);
  *session = (struct vc_session){0};
  if (!is_open) return;
  struct device *device = vc_device();
  struct turn turn;
  enum vc_result result = VC_LOST;
  if (device && vc_turn_begin(&turn, device, true)) {
    result = VC_OK;
    for (unsigned i = 0; i < SESSIONS_MAX; i++) {
      if (turn.board->sessions[i].id != id) continue;
      result = destroy(&turn, turn.board->sessions[i].opcode, id);
      turn.board->sessions[i].id = 0;
      break;
    }
    vc_turn_end(&turn);
  }
  if (result == VC_LOST && device) vc_device_lost(device);
}

// Requests of the data queue

/** Begins a turn, and writes what the headers of all requests have. NULL: see `result`. */
static struct frame *begin(struct turn *turn, const struct vc_session *session, const struct vc_slot *slot, uint32_t opcode,
                           uint32_t algorithm, enum vc_result *result) {
  struct device *device = vc_device();
  *result = VC_LOST;
  if (!device) return NULL;
  if (!vc_turn_begin(turn, device, false)) {
    vc_device_lost(device);
    return NULL;
  }
  if (board_of(slot) != turn->board || session->generation != turn->board->generation || session->family != device->family) {
    vc_turn_end(turn);
    *result = board_of(slot) == turn->board ? VC_NO_SESSION : VC_LOST;
    return NULL;
  }
  struct frame *frame = frame_of(turn->board, turn->queue);
  memset(frame->header, 0, sizeof frame->header);
  put32(frame->header, VIRTIO_CRYPTO_DATA_OPCODE, opcode);
  put32(frame->header, VIRTIO_CRYPTO_DATA_ALGO, algorithm);
  put64(frame->header, VIRTIO_CRYPTO_DATA_SESSION_ID, session->id);
  frame->answer[0] = 0xff;
  return frame;
}

static enum vc_result end(const struct turn *turn, const struct frame *frame, const struct part *parts, unsigned count) {
  enum vc_result result = vc_turn_run(turn, parts, count);
  uint8_t status = frame->answer[0];
  vc_turn_end(turn);
  if (result == VC_LOST) vc_device_lost(turn->device);
  return result == VC_OK ? result_of(status) : result;
}

enum vc_result vc_aead(const struct vc_session *session, const struct vc_slot *slot, const struct vc_aead *request) {
  if (request->iv_bytes > VC_IV_MAX || request->aad_bytes > VC_AAD_MAX || request->text_bytes > VC_TEXT_MAX)
    return VC_REFUSED;
  struct turn turn;
  enum vc_result result;
  uint32_t opcode = request->encrypt ? VIRTIO_CRYPTO_AEAD_ENCRYPT : VIRTIO_CRYPTO_AEAD_DECRYPT;
  struct frame *frame = begin(&turn, session, slot, opcode, request->algorithm, &result);
  if (!frame) return result;
  uint32_t source = request->text_bytes + (request->encrypt ? 0 : VC_TAG_BYTES);
  uint32_t destination = request->text_bytes + (request->encrypt ? VC_TAG_BYTES : 0);
  memcpy(frame->iv, request->iv, request->iv_bytes);
  if (request->aad_bytes > 0) memcpy(frame->aad, request->aad, request->aad_bytes);
  put32(frame->header, VIRTIO_CRYPTO_DATA_AEAD_IV_LEN, request->iv_bytes);
  put32(frame->header, VIRTIO_CRYPTO_DATA_AEAD_AAD_LEN, request->aad_bytes);
  put32(frame->header, VIRTIO_CRYPTO_DATA_AEAD_SRC_LEN, source);
  put32(frame->header, VIRTIO_CRYPTO_DATA_AEAD_DST_LEN, destination);
  put32(frame->header, VIRTIO_CRYPTO_DATA_AEAD_TAG_LEN, VC_TAG_BYTES);
  const struct part parts[] = {
      {frame->header, VIRTIO_CRYPTO_DATA_LEGACY_BYTES, false},
      {frame->iv, request->iv_bytes, false},
      {slot->in, source, false},
      {frame->aad, request->aad_bytes, false},
      {slot->out, destination, true},
      {frame->answer, VIRTIO_CRYPTO_STATUS_BYTES, true},
  };
  return end(&turn, frame, parts, 6);
}

enum vc_result vc_cipher(const struct vc_session *session, const struct vc_slot *slot, uint32_t algorithm, bool encrypt,
                         const uint8_t *iv, uint32_t iv_bytes, uint32_t bytes) {
  if (iv_bytes > VC_IV_MAX || bytes > VC_TEXT_MAX) return VC_REFUSED;
  struct turn turn;
  enum vc_result result;
  uint32_t opcode = encrypt ? VIRTIO_CRYPTO_CIPHER_ENCRYPT : VIRTIO_CRYPTO_CIPHER_DECRYPT;
  struct frame *frame = begin(&turn, session, slot, opcode, algorithm, &result);
  if (!frame) return result;
  memcpy(frame->iv, iv, iv_bytes);
  put32(frame->header, VIRTIO_CRYPTO_DATA_CIPHER_IV_LEN, iv_bytes);
  put32(frame->header, VIRTIO_CRYPTO_DATA_CIPHER_SRC_LEN, bytes);
  put32(frame->header, VIRTIO_CRYPTO_DATA_CIPHER_DST_LEN, bytes);
  put32(frame->header, VIRTIO_CRYPTO_DATA_SYM_OP_TYPE, VIRTIO_CRYPTO_SYM_OP_CIPHER);
  const struct part parts[] = {
      {frame->header, VIRTIO_CRYPTO_DATA_LEGACY_BYTES, false},
      {frame->iv, iv_bytes, false},
      {slot->in, bytes, false},
      {slot->out, bytes, true},
      {frame->answer, VIRTIO_CRYPTO_STATUS_BYTES, true},
  };
  return end(&turn, frame, parts, 5);
}

enum vc_result vc_digest(const struct vc_session *session, const struct vc_slot *slot, enum vc_service service,
                         uint32_t algorithm, uint32_t bytes, uint32_t result_bytes) {
  if (bytes > VC_TEXT_MAX || result_bytes > VC_DIGEST_MAX) return VC_REFUSED;
  struct turn turn;
  enum vc_result result;
  uint32_t opcode = service == VC_HASH ? VIRTIO_CRYPTO_HASH : VIRTIO_CRYPTO_MAC;
  struct frame *frame = begin(&turn, session, slot, opcode, algorithm, &result);
  if (!frame) return result;
  put32(frame->header, VIRTIO_CRYPTO_DATA_AUTH_SRC_LEN, bytes);
  put32(frame->header, VIRTIO_CRYPTO_DATA_AUTH_RESULT_LEN, result_bytes);
  const struct part parts[] = {
      {frame->header, VIRTIO_CRYPTO_DATA_LEGACY_BYTES, false},
      {slot->in, bytes, false},
      {slot->out, result_bytes, true},
      {frame->answer, VIRTIO_CRYPTO_STATUS_BYTES, true},
  };
  return end(&turn, frame, parts, 4);
}
