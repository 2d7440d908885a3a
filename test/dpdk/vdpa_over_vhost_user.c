/*
 * Lets DPDK's driver crypto_virtio_user talk to a vhost-user socket. The driver opens a character device of vhost-vDPA and issues ioctls;
 * this library, which is preloaded, turns those into vhost-user messages. Everything else goes to the C library.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/un.h>
#include <dirent.h>
#include <unistd.h>

/* Messages of vhost-user. */
enum {
  GET_FEATURES = 1, SET_FEATURES = 2, SET_OWNER = 3, SET_MEM_TABLE = 5, SET_VRING_NUM = 8, SET_VRING_ADDR = 9, SET_VRING_BASE = 10,
  GET_VRING_BASE = 11, SET_VRING_KICK = 12, SET_VRING_CALL = 13, GET_PROTOCOL_FEATURES = 15, SET_PROTOCOL_FEATURES = 16,
  GET_QUEUE_NUM = 17, SET_VRING_ENABLE = 18, GET_CONFIG = 24,
};
/* Numbers of vhost's ioctls: the low byte of the request. */
enum {
  IO_FEATURES = 0x00, IO_OWNER = 0x01, IO_NUM = 0x10, IO_ADDR = 0x11, IO_BASE = 0x12, IO_KICK = 0x20, IO_CALL = 0x21,
  IO_SET_BACKEND = 0x25, IO_GET_BACKEND = 0x26, IO_DEVICE_ID = 0x70, IO_GET_STATUS = 0x71, IO_SET_STATUS = 0x72, IO_CONFIG = 0x73,
  IO_ENABLE = 0x75,
};
#define VHOST_TYPE 0xaf
#define READS_TO_USER 2 /* the direction bit of _IOR in the request's top bits */
#define F_PROTOCOL (1ull << 30)
#define F_ACCESS_PLATFORM (1ull << 33)
#define PROTOCOL_FEATURES 0x209ull /* MQ, REPLY_ACK, CONFIG */
#define BACKEND_FEATURES 6ull      /* IOTLB messages of version 2, in batches */
#define REGIONS_MAX 8

struct region { uint64_t guest, size, user, offset; };
struct iotlb { uint32_t kind, reserved; uint64_t iova, size, uaddr; uint8_t permission, type, padding[38]; };

static int device = -1;
static int control_kick = -1;
static uint8_t status;
static uint64_t queues;
static struct region regions[REGIONS_MAX];
static int files[REGIONS_MAX];
static uint32_t region_count;

static int real_open(const char *path, int flags, mode_t mode) {
  static int (*open_)(const char *, int, ...);
  if (!open_) open_ = (int (*)(const char *, int, ...))dlsym(RTLD_NEXT, "open64");
  return open_(path, flags, mode);
}

static ssize_t real_write(int fd, const void *bytes, size_t length) {
  static ssize_t (*write_)(int, const void *, size_t);
  if (!write_) write_ = (ssize_t (*)(int, const void *, size_t))dlsym(RTLD_NEXT, "write");
  return write_(fd, bytes, length);
}

static int fail(const char *what) {
  fprintf(stderr, "vdpa over vhost-user: %s: %s\n", what, strerror(errno));
  errno = EIO;
  return -1;
}

static int read_all(void *to, size_t length) {
  for (size_t at = 0; at < length;) {
    ssize_t got = recv(device, (char *)to + at, length - at, 0);
    if (got <= 0) return fail("the daemon has gone");
    at += (size_t)got;
  }
  return 0;
}

/* Sends a message, and reads its answer into `answer`, or the acknowledgement if it has none. */
static int message(uint32_t request, const void *payload, uint32_t size, const int *fds, uint32_t fd_count, void *answer, uint32_t answer_size) {
  uint32_t header[3] = {request, answer ? 1 : 9, size};
  char control[CMSG_SPACE(REGIONS_MAX * sizeof(int))] = {0};
  struct iovec parts[2] = {{header, sizeof header}, {(void *)payload, size}};
  struct msghdr out = {.msg_iov = parts, .msg_iovlen = size ? 2 : 1};
  if (fd_count) {
    out.msg_control = control;
    out.msg_controllen = CMSG_SPACE(fd_count * sizeof(int));
    struct cmsghdr *rights = CMSG_FIRSTHDR(&out);
    rights->cmsg_level = SOL_SOCKET;
    rights->cmsg_type = SCM_RIGHTS;
    rights->cmsg_len = CMSG_LEN(fd_count * sizeof(int));
    memcpy(CMSG_DATA(rights), fds, fd_count * sizeof(int));
  }
  if (sendmsg(device, &out, MSG_NOSIGNAL) < 0) return fail("sendmsg");
  uint64_t result = 0;
  if (read_all(header, sizeof header)) return -1;
  if (header[0] != request || header[2] != (answer ? answer_size : sizeof result)) return fail("the answer is of another message");
  if (answer) return read_all(answer, answer_size);
  if (read_all(&result, sizeof result)) return -1;
  return result ? fail("refused") : 0;
}

static int get_number(uint32_t request, uint64_t *number) { return message(request, NULL, 0, NULL, 0, number, sizeof *number); }
static int set_number(uint32_t request, uint64_t number) { return message(request, &number, sizeof number, NULL, 0, NULL, 0); }
static int set_pair(uint32_t request, uint32_t index, uint32_t number) {
  uint32_t pair[2] = {index, number};
  return message(request, pair, sizeof pair, NULL, 0, NULL, 0);
}

static int connect_to(const char *path) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
  device = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (device < 0 || connect(device, (struct sockaddr *)&address, sizeof address) < 0) return fail(path);
  uint64_t features;
  if (get_number(GET_PROTOCOL_FEATURES, &features)) return -1;
  uint32_t header[3] = {SET_PROTOCOL_FEATURES, 1, 8};
  uint64_t chosen = features & PROTOCOL_FEATURES;
  char bytes[20];
  memcpy(bytes, header, sizeof header);
  memcpy(bytes + sizeof header, &chosen, sizeof chosen);
  if (real_write(device, bytes, sizeof bytes) != sizeof bytes) return fail("write");
  if (get_number(GET_QUEUE_NUM, &queues)) return -1;
  control_kick = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  return device;
}

/* The descriptor of the file that is mapped at an address, and the offset of that address in it. */
static int file_at(uint64_t address, uint64_t *offset) {
  FILE *maps = fopen("/proc/self/maps", "re");
  char line[512];
  unsigned major_ = 0, minor_ = 0;
  unsigned long inode = 0;
  int found = 0;
  while (maps && !found && fgets(line, sizeof line, maps)) {
    uint64_t start, end, from;
    if (sscanf(line, "%lx-%lx %*s %lx %x:%x %lu", &start, &end, &from, &major_, &minor_, &inode) != 6) continue;
    found = address >= start && address < end;
    if (found) *offset = from + (address - start);
  }
  if (maps) fclose(maps);
  DIR *open_files = found ? opendir("/proc/self/fd") : NULL;
  int descriptor = -1;
  for (struct dirent *entry; open_files && descriptor < 0 && (entry = readdir(open_files));) {
    struct stat about;
    int candidate = atoi(entry->d_name);
    if (entry->d_name[0] == '.' || fstat(candidate, &about)) continue;
    if (about.st_ino == inode && about.st_dev == makedev(major_, minor_)) descriptor = candidate;
  }
  if (open_files) closedir(open_files);
  return descriptor;
}

static int send_regions(void) {
  uint32_t payload[2 + REGIONS_MAX * sizeof(struct region) / 4] = {region_count, 0};
  memcpy(payload + 2, regions, region_count * sizeof(struct region));
  return message(SET_MEM_TABLE, payload, 8 + region_count * sizeof(struct region), files, region_count, NULL, 0);
}

static int change_memory(const struct iotlb *change) {
  switch (change->type) {
    case 2: /* update: addresses in rings are I/O addresses, so that they are the user addresses of the table, too */
      if (region_count == REGIONS_MAX) return fail("too many regions");
      struct region *region = &regions[region_count];
      *region = (struct region){change->iova, change->size, change->iova, 0};
      files[region_count] = file_at(change->uaddr, &region->offset);
      if (files[region_count++] < 0) return fail("memory is not that of a file");
      return 0;
    case 3: /* invalidate: the driver always invalidates everything */
      region_count = 0;
      return 0;
    case 6: /* the batch ends */
      return send_regions();
    default:
      return 0;
  }
}

static int kick(uint32_t index, int fd) {
  int own = fd < 0 ? control_kick : fd;
  uint64_t number = index;
  if (message(SET_VRING_KICK, &number, sizeof number, &own, 1, NULL, 0)) return -1;
  /* The driver never enables its control queue. */
  return index == queues - 1 ? set_pair(SET_VRING_ENABLE, index, 1) : 0;
}

static int features(int reads, uint64_t *bits) {
  if (!reads) return set_number(SET_FEATURES, (*bits & ~F_ACCESS_PLATFORM) | F_PROTOCOL);
  if (get_number(GET_FEATURES, bits)) return -1;
  *bits = (*bits & ~F_PROTOCOL) | F_ACCESS_PLATFORM;
  return 0;
}

static int config(uint32_t *wanted) {
  uint32_t size = wanted[1];
  char payload[12 + 256] = {0}, answer[12 + 256];
  if (size > 256) return fail("configuration");
  memcpy(payload, wanted, 8);
  if (message(GET_CONFIG, payload, 12 + size, NULL, 0, answer, 12 + size)) return -1;
  memcpy(wanted + 2, answer + 12, size);
  return 0;
}

/* A status of 0 resets the device: all rings stop. */
static int set_status(uint8_t value) {
  status = value;
  for (uint32_t index = 0; value == 0 && index < queues; index++) {
    uint32_t pair[2] = {index, 0};
    if (message(GET_VRING_BASE, pair, sizeof pair, NULL, 0, pair, sizeof pair)) return -1;
  }
  return 0;
}

static int vhost_ioctl(unsigned long request, void *argument) {
  uint32_t *words = argument;
  int reads = (request >> 30) & READS_TO_USER;
  uint64_t index = words ? words[0] : 0;
  switch (request & 0xff) {
    case IO_DEVICE_ID: words[0] = 20; return 0;
    case IO_OWNER: return message(SET_OWNER, NULL, 0, NULL, 0, NULL, 0);
    case IO_GET_BACKEND: *(uint64_t *)argument = BACKEND_FEATURES; return 0;
    case IO_SET_BACKEND: return 0;
    case IO_FEATURES: return features(reads, argument);
    case IO_GET_STATUS: *(uint8_t *)argument = status; return 0;
    case IO_SET_STATUS: return set_status(*(uint8_t *)argument);
    case IO_CONFIG: return config(words);
    case IO_NUM: return set_pair(SET_VRING_NUM, words[0], words[1]);
    case IO_ADDR: return message(SET_VRING_ADDR, argument, 40, NULL, 0, NULL, 0);
    case IO_BASE:
      if (!reads) return set_pair(SET_VRING_BASE, words[0], words[1]);
      return message(GET_VRING_BASE, words, 8, NULL, 0, words, 8);
    case IO_KICK: return kick(words[0], (int)words[1]);
    case IO_CALL: return message(SET_VRING_CALL, &index, sizeof index, (int *)&words[1], 1, NULL, 0);
    case IO_ENABLE: return set_pair(SET_VRING_ENABLE, words[0], words[1]);
    default: errno = ENOTTY; return -1;
  }
}

static int is_socket(const char *path) {
  struct stat about;
  return stat(path, &about) == 0 && S_ISSOCK(about.st_mode);
}

#define OPEN(name)                                              \
  int name(const char *path, int flags, ...) {                  \
    va_list rest;                                               \
    va_start(rest, flags);                                      \
    mode_t mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(rest, mode_t) : 0; \
    va_end(rest);                                               \
    return is_socket(path) ? connect_to(path) : real_open(path, flags, mode); \
  }
OPEN(open)
OPEN(open64)

int __open_2(const char *path, int flags) { return is_socket(path) ? connect_to(path) : real_open(path, flags, 0); }
int __open64_2(const char *path, int flags) { return is_socket(path) ? connect_to(path) : real_open(path, flags, 0); }

int ioctl(int fd, unsigned long request, ...) {
  static int (*ioctl_)(int, unsigned long, ...);
  va_list rest;
  va_start(rest, request);
  void *argument = va_arg(rest, void *);
  va_end(rest);
  if (device >= 0 && fd == device && ((request >> 8) & 0xff) == VHOST_TYPE) return vhost_ioctl(request, argument);
  if (!ioctl_) ioctl_ = (int (*)(int, unsigned long, ...))dlsym(RTLD_NEXT, "ioctl");
  return ioctl_(fd, request, argument);
}

ssize_t write(int fd, const void *bytes, size_t length) {
  /* The driver has no descriptor for the kick of its control queue. */
  if (fd == -1 && control_kick >= 0 && length == 8) return real_write(control_kick, bytes, length);
  if (device < 0 || fd != device || length != sizeof(struct iotlb)) return real_write(fd, bytes, length);
  return change_memory(bytes) ? -1 : (ssize_t)length;
}
