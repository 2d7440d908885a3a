#include "device.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/shm.h>
#include <time.h>
#include <unistd.h>

#define MAGIC 0x76633031u
/** After a failure the device is looked for again, but not at each call. */
#define RETRY_SECONDS 5
/** A queue is held for less than this, unless its owner was stopped. */
#define LOCK_SECONDS 5
/** So long the processes before this one may take to find the device. */
#define CONFIGURATION_SECONDS 20
/** A configuration that changes during so many reads is given up. */
#define CONFIGURATION_READS 100

static struct {
  pthread_mutex_t lock;
  bool prepared;
  _Atomic bool open;
  _Atomic time_t retry;
  /** Told when a device that was open cannot be opened again. */
  void (*tell)(const char *why);
  bool was_open;
  struct device device;
  char why[160];
} state = {.lock = PTHREAD_MUTEX_INITIALIZER, .device.port = {.config = -1, .resource = -1}};

#define WHY state.why, (int)sizeof state.why

static time_t seconds(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec;
}

bool vc_lock_patiently(pthread_mutex_t *lock) {
  int result = pthread_mutex_trylock(lock);
  if (result == EBUSY) {
    const struct timespec end = {.tv_sec = seconds() + LOCK_SECONDS};
    result = pthread_mutex_clocklock(lock, CLOCK_MONOTONIC, &end);
  }
  if (result == EOWNERDEAD) result = pthread_mutex_consistent(lock);
  return result == 0;
}

/** Takes the lock under which the device is brought up. */
static bool lock_configuration(const struct vc_port *port) {
  const time_t end = seconds() + CONFIGURATION_SECONDS;
  while (flock(port->config, LOCK_EX | LOCK_NB) != 0) {
    if ((errno != EWOULDBLOCK && errno != EINTR) || seconds() > end) return false;
    usleep(1000);
  }
  return true;
}

static uint32_t get(const struct vc_port *port, uint32_t field, int bytes) {
  return vc_port_read(port, port->common + field, bytes);
}

static void set(const struct vc_port *port, uint32_t field, int bytes, uint32_t value) {
  vc_port_write(port, port->common + field, bytes, value);
}

static void set_address(const struct vc_port *port, uint32_t field, uint64_t address) {
  set(port, field, 4, (uint32_t)address);
  set(port, field + 4, 4, (uint32_t)(address >> 32));
}

static uint32_t features(const struct vc_port *port, uint32_t word) {
  set(port, VIRTIO_PCI_COMMON_DEVICE_FEATURE_SELECT, 4, word);
  return get(port, VIRTIO_PCI_COMMON_DEVICE_FEATURE, 4);
}

static uint32_t configuration(const struct vc_port *port, uint32_t field) {
  return vc_port_read(port, port->device + field, 4);
}

static bool set_up_queue(struct board *board, const struct vc_port *port, unsigned number) {
  struct queue *queue = &board->queues[number];
  struct ring *ring = ring_of(board, number);
  memset(ring, 0, PAGE);
  set(port, VIRTIO_PCI_COMMON_QUEUE_SELECT, 2, index_of(board, number));
  uint32_t size = get(port, VIRTIO_PCI_COMMON_QUEUE_SIZE, 2);
  if (size == 0) return false;
  if (size > DESCRIPTORS) size = DESCRIPTORS;
  set(port, VIRTIO_PCI_COMMON_QUEUE_SIZE, 2, size);
  set_address(port, VIRTIO_PCI_COMMON_QUEUE_DESC, vc_board_address(board, ring->table));
  set_address(port, VIRTIO_PCI_COMMON_QUEUE_DRIVER, vc_board_address(board, &ring->available));
  set_address(port, VIRTIO_PCI_COMMON_QUEUE_DEVICE, vc_board_address(board, &ring->used));
  queue->size = (uint16_t)size;
  queue->notify_offset = (uint16_t)get(port, VIRTIO_PCI_COMMON_QUEUE_NOTIFY_OFF, 2);
  queue->used = 0;
  set(port, VIRTIO_PCI_COMMON_QUEUE_ENABLE, 2, 1);
  return true;
}

/** Reads what the device offers (5.9.4). Returns whether it is ready, and has a data queue. */
static bool read_configuration(struct board *board, const struct vc_port *port) {
  uint32_t before, size_high;
  bool ready, changed;
  int reads = 0;
  // Fields that are read while the device changes them do not belong together: they are read again (2.5.1).
  do {
    before = get(port, VIRTIO_PCI_COMMON_CONFIG_GENERATION, 1);
    board->control_queue = configuration(port, VIRTIO_CRYPTO_CONFIG_MAX_DATAQUEUES);
    ready = (configuration(port, VIRTIO_CRYPTO_CONFIG_STATUS) & VIRTIO_CRYPTO_S_HW_READY) != 0;
    board->services = configuration(port, VIRTIO_CRYPTO_CONFIG_CRYPTO_SERVICES);
    board->algorithms[VC_CIPHER] = configuration(port, VIRTIO_CRYPTO_CONFIG_CIPHER_ALGO_L);
    board->algorithms[VC_HASH] = configuration(port, VIRTIO_CRYPTO_CONFIG_HASH_ALGO);
    board->algorithms[VC_MAC] = configuration(port, VIRTIO_CRYPTO_CONFIG_MAC_ALGO_L);
    board->algorithms[VC_AEAD] = configuration(port, VIRTIO_CRYPTO_CONFIG_AEAD_ALGO);
    board->request_bytes_max = configuration(port, VIRTIO_CRYPTO_CONFIG_MAX_SIZE);
    size_high = configuration(port, VIRTIO_CRYPTO_CONFIG_MAX_SIZE + 4);
    changed = get(port, VIRTIO_PCI_COMMON_CONFIG_GENERATION, 1) != before;
  } while (changed && ++reads < CONFIGURATION_READS);
  if (size_high != 0) board->request_bytes_max = UINT32_MAX;
  // The last queue of all is the control queue (5.9.2). Data queues without a ring stay disabled.
  uint32_t queues = board->control_queue;
  board->data_queues = queues < QUEUES_MAX ? queues : QUEUES_MAX - 1;
  return ready && !changed && queues > 0;
}

/** Resets the device and brings it up with rings on the board (3.1.1). The caller has the lock of the configuration space. */
static bool bring_up(struct board *board, const struct vc_port *port) {
  set(port, VIRTIO_PCI_COMMON_DEVICE_STATUS, 1, 0);
  for (int looks = 0; get(port, VIRTIO_PCI_COMMON_DEVICE_STATUS, 1) != 0; looks++) {
    if (looks > 1000) {
      snprintf(WHY, "%s does not reset", port->address);
      return false;
    }
    usleep(100);
  }
  uint32_t status = VIRTIO_STATUS_ACKNOWLEDGE | VIRTIO_STATUS_DRIVER;
  set(port, VIRTIO_PCI_COMMON_DEVICE_STATUS, 1, status);
  uint32_t wanted = features(port, 0) & (1u << VIRTIO_F_INDIRECT_DESC | 1u << VIRTIO_F_EVENT_IDX);
  uint32_t version1 = features(port, 1) & 1u << (VIRTIO_F_VERSION_1 - 32);
  for (uint32_t word = 0; word < 2; word++) {
    set(port, VIRTIO_PCI_COMMON_DRIVER_FEATURE_SELECT, 4, word);
    set(port, VIRTIO_PCI_COMMON_DRIVER_FEATURE, 4, word == 0 ? wanted : version1);
  }
  status |= VIRTIO_STATUS_FEATURES_OK;
  set(port, VIRTIO_PCI_COMMON_DEVICE_STATUS, 1, status);
  if (!version1 || get(port, VIRTIO_PCI_COMMON_DEVICE_STATUS, 1) != status) {
    snprintf(WHY, "%s does not take the features of this driver", port->address);
    return false;
  }
  board->indirect = (wanted >> VIRTIO_F_INDIRECT_DESC & 1) != 0;
  board->event_index = (wanted >> VIRTIO_F_EVENT_IDX & 1) != 0;
  if (!read_configuration(board, port)) {
    snprintf(WHY, "%s is not ready", port->address);
    return false;
  }
  for (unsigned number = 0; number <= board->data_queues; number++) {
    if (!set_up_queue(board, port, number)) {
      snprintf(WHY, "%s lacks a queue", port->address);
      return false;
    }
  }
  memset(board->sessions, 0, sizeof board->sessions);
  memset(board->notes, 0, sizeof board->notes);
  board->generation++;
  set(port, VIRTIO_PCI_COMMON_DEVICE_STATUS, 1, status | VIRTIO_STATUS_DRIVER_OK);
  return true;
}

/** Whether the device runs with the rings on the board: no other driver had it since. */
static bool is_up(const struct board *board, const struct vc_port *port) {
  if (get(port, VIRTIO_PCI_COMMON_DEVICE_STATUS, 1) != (VIRTIO_STATUS_ACKNOWLEDGE | VIRTIO_STATUS_DRIVER |
                                                        VIRTIO_STATUS_FEATURES_OK | VIRTIO_STATUS_DRIVER_OK))
    return false;
  set(port, VIRTIO_PCI_COMMON_QUEUE_SELECT, 2, 0);
  return get(port, VIRTIO_PCI_COMMON_QUEUE_ENABLE, 2) == 1 &&
         get(port, VIRTIO_PCI_COMMON_QUEUE_DESC, 4) == (uint32_t)vc_board_address(board, ring_of((struct board *)board, 0)->table);
}

bool vc_device_is_ours(struct device *device, const struct board *board) {
  if (board->magic != MAGIC) return false;
  if (pthread_mutex_trylock(&state.lock) != 0) return true;
  bool ours = true;
  if (flock(device->port.config, LOCK_EX | LOCK_NB) == 0) {
    ours = is_up(board, &device->port);
    flock(device->port.config, LOCK_UN);
  }
  pthread_mutex_unlock(&state.lock);
  return ours;
}

/** Locks that are of all processes, and that are told when their owner dies. */
static void make_locks(struct board *board) {
  pthread_mutexattr_t robust;
  pthread_mutexattr_init(&robust);
  pthread_mutexattr_setpshared(&robust, PTHREAD_PROCESS_SHARED);
  pthread_mutexattr_setrobust(&robust, PTHREAD_MUTEX_ROBUST);
  for (unsigned i = 0; i < QUEUES_MAX; i++) pthread_mutex_init(&board->queues[i].lock, &robust);
  pthread_mutexattr_destroy(&robust);
}

/** The board of a device, which no other process may bring up meanwhile. */
static bool join(struct device *device) {
  bool is_new;
  struct board *board = vc_board_attach(device->board, device->port.key, &is_new, WHY);
  if (!board) return false;
  if (board->magic != MAGIC) {
    make_locks(board);
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    // Sessions of another board are not of this one.
    board->generation = (uint32_t)(now.tv_sec * 1000000 + now.tv_nsec / 1000);
    board->magic = MAGIC;
  }
  // Requests of others are over before the device is reset: they hold the locks of their queues.
  unsigned locked = 0;
  bool up = !is_new && is_up(board, &device->port);
  if (!up) {
    while (locked < QUEUES_MAX && vc_lock_patiently(&board->queues[locked].lock)) locked++;
    if (locked == QUEUES_MAX) {
      up = bring_up(board, &device->port);
      if (!up) set(&device->port, VIRTIO_PCI_COMMON_DEVICE_STATUS, 1, 0);
    } else {
      snprintf(WHY, "another process has a queue of %s", device->port.address);
    }
    while (locked > 0) pthread_mutex_unlock(&board->queues[--locked].lock);
  }
  device->board = board;
  if (!up) return false;
  device->self = vc_owner_self();
  if (vc_end_sessions_of_dead(device)) return true;
  snprintf(WHY, "another process has a queue of %s", device->port.address);
  return false;
}

static bool find_device(void) {
  struct device *device = &state.device;
  struct vc_port *port = &device->port;
  struct vc_port found = {.config = port->config, .resource = port->resource};
  char path[96];
  if (!vc_port_find(&found, WHY)) return false;
  if (strcmp(found.address, port->address) != 0) {
    snprintf(path, sizeof path, "%s/config", found.folder);
    found.config = open(path, O_RDWR | O_CLOEXEC);
    found.resource = -1;
  }
  *port = found;
  if (port->config < 0) {
    snprintf(WHY, "%s cannot be configured: the device takes root", port->address);
    port->address[0] = 0;
    return false;
  }
  if (!lock_configuration(port)) {
    snprintf(WHY, "another process configures %s", port->address);
    return false;
  }
  bool joined = vc_port_take(port, WHY) && join(device);
  flock(port->config, LOCK_UN);
  return joined;
}

static void after_fork(void) {
  pthread_mutex_init(&state.lock, NULL);
  state.device.family++;
  state.device.self = vc_owner_self();
}

bool vc_open(void) {
  if (atomic_load_explicit(&state.open, memory_order_acquire)) return true;
  pthread_mutex_lock(&state.lock);
  if (!state.prepared) {
    state.prepared = true;
    pthread_atfork(NULL, NULL, after_fork);
  }
  const char *why = NULL;
  if (!state.open && seconds() >= state.retry) {
    state.open = find_device();
    if (!state.open) state.retry = seconds() + RETRY_SECONDS;
  }
  if (state.open) {
    state.was_open = true;
  } else if (state.was_open && state.tell) {
    why = state.why;
  }
  void (*tell)(const char *) = state.tell;
  // Once is enough: a device that comes and goes does not fill a log.
  if (why) state.tell = NULL;
  bool open = state.open;
  pthread_mutex_unlock(&state.lock);
  if (why) tell(why);
  return open;
}

void vc_on_lost(void (*tell)(const char *why)) { state.tell = tell; }

struct device *vc_device(void) { return vc_open() ? &state.device : NULL; }

void vc_device_lost(struct device *device) {
  // If it was lost already, the reason is there, too.
  if (atomic_exchange(&state.open, false)) snprintf(WHY, "%s does not answer", device->port.address);
}

void vc_device_busy(struct device *device) {
  state.retry = seconds() + RETRY_SECONDS;
  if (!atomic_exchange(&state.open, false)) return;
  snprintf(WHY, "another process has a queue of %s", device->port.address);
  void (*tell)(const char *) = state.tell;
  state.tell = NULL;
  if (tell) tell(state.why);
}

const char *vc_why(void) { return state.why; }

bool vc_offers(enum vc_service service, uint32_t algorithm) {
  static const uint32_t SERVICES[] = {
      [VC_CIPHER] = VIRTIO_CRYPTO_SERVICE_CIPHER,
      [VC_AEAD] = VIRTIO_CRYPTO_SERVICE_AEAD,
      [VC_HASH] = VIRTIO_CRYPTO_SERVICE_HASH,
      [VC_MAC] = VIRTIO_CRYPTO_SERVICE_MAC,
  };
  const struct device *device = vc_device();
  return device && algorithm < 32 && (device->board->services >> SERVICES[service] & 1) &&
         (device->board->algorithms[service] >> algorithm & 1);
}

uint32_t vc_text_max(void) {
  const struct device *device = vc_device();
  if (!device) return 0;
  const struct board *board = device->board;
  // Text and result with a tag, and additional data.
  const uint32_t beside = VC_AAD_MAX + VC_IV_MAX + 2u * VC_TAG_BYTES + 128u;
  uint32_t bytes = board->request_bytes_max > beside ? (board->request_bytes_max - beside) / 2 : 0;
  // Header, IV, additional data and status have a descriptor each, and text and result one a page, with one for a tag.
  uint32_t room = board->queues[0].size;
  for (uint32_t number = 1; number < board->data_queues; number++) {
    if (board->queues[number].size < room) room = board->queues[number].size;
  }
  uint32_t pages = room > 8 ? (room - 4) / 2 - 1 : 0;
  if (bytes > pages * PAGE) bytes = pages * PAGE;
  return bytes < VC_TEXT_MAX ? bytes : VC_TEXT_MAX;
}

uint32_t *vc_notes(void) {
  const struct device *device = vc_device();
  return device ? device->board->notes : NULL;
}

void vc_release(void) {
  struct device *device = vc_device();
  if (!device) return;
  if (!lock_configuration(&device->port)) return;
  // Whoever waits for an answer there finds out, even if somebody has brought the device up on another board by then.
  device->board->magic = 0;
  set(&device->port, VIRTIO_PCI_COMMON_DEVICE_STATUS, 1, 0);
  int id = shmget((key_t)device->port.key, 0, 0);
  if (id >= 0) shmctl(id, IPC_RMID, NULL);
  flock(device->port.config, LOCK_UN);
  vc_device_lost(device);
}
