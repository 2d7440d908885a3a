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

static struct {
  pthread_mutex_t lock;
  bool prepared;
  _Atomic bool open;
  time_t retry;
  struct device device;
  char why[160];
} state = {.lock = PTHREAD_MUTEX_INITIALIZER, .device.port = {.config = -1, .resource = -1}};

#define WHY state.why, (int)sizeof state.why

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
  uint32_t queues = configuration(port, VIRTIO_CRYPTO_CONFIG_MAX_DATAQUEUES);
  if (!(configuration(port, VIRTIO_CRYPTO_CONFIG_STATUS) & VIRTIO_CRYPTO_S_HW_READY) || queues == 0) {
    snprintf(WHY, "%s is not ready", port->address);
    return false;
  }
  // The last queue of all is the control queue (5.9.2). Data queues without a ring stay disabled.
  board->data_queues = queues < QUEUES_MAX ? queues : QUEUES_MAX - 1;
  board->control_queue = queues;
  board->services = configuration(port, VIRTIO_CRYPTO_CONFIG_CRYPTO_SERVICES);
  board->algorithms[VC_CIPHER] = configuration(port, VIRTIO_CRYPTO_CONFIG_CIPHER_ALGO_L);
  board->algorithms[VC_HASH] = configuration(port, VIRTIO_CRYPTO_CONFIG_HASH_ALGO);
  board->algorithms[VC_MAC] = configuration(port, VIRTIO_CRYPTO_CONFIG_MAC_ALGO_L);
  board->algorithms[VC_AEAD] = configuration(port, VIRTIO_CRYPTO_CONFIG_AEAD_ALGO);
  board->request_bytes_max = configuration(port, VIRTIO_CRYPTO_CONFIG_MAX_SIZE);
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
    for (; locked < QUEUES_MAX; locked++) {
      if (pthread_mutex_lock(&board->queues[locked].lock) == EOWNERDEAD)
        pthread_mutex_consistent(&board->queues[locked].lock);
    }
    up = bring_up(board, &device->port);
    if (!up) set(&device->port, VIRTIO_PCI_COMMON_DEVICE_STATUS, 1, 0);
    while (locked > 0) pthread_mutex_unlock(&board->queues[--locked].lock);
  }
  device->board = board;
  if (!up) return false;
  device->self = vc_owner_self();
  vc_end_sessions_of_dead(device);
  return true;
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
  if (port->config < 0 || flock(port->config, LOCK_EX) != 0) {
    snprintf(WHY, "%s cannot be configured: the device takes root", port->address);
    port->address[0] = 0;
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
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  if (!state.open && now.tv_sec >= state.retry) {
    state.open = find_device();
    if (!state.open) state.retry = now.tv_sec + RETRY_SECONDS;
  }
  pthread_mutex_unlock(&state.lock);
  return state.open;
}

struct device *vc_device(void) { return vc_open() ? &state.device : NULL; }

void vc_device_lost(struct device *device) {
  snprintf(WHY, "%s does not answer", device->port.address);
  atomic_store(&state.open, false);
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

uint32_t *vc_notes(void) {
  const struct device *device = vc_device();
  return device ? device->board->notes : NULL;
}

void vc_release(void) {
  struct device *device = vc_device();
  if (!device) return;
  flock(device->port.config, LOCK_EX);
  // Whoever waits for an answer there finds out, even if somebody has brought the device up on another board by then.
  device->board->magic = 0;
  set(&device->port, VIRTIO_PCI_COMMON_DEVICE_STATUS, 1, 0);
  int id = shmget((key_t)device->port.key, 0, 0);
  if (id >= 0) shmctl(id, IPC_RMID, NULL);
  flock(device->port.config, LOCK_UN);
  vc_device_lost(device);
}
