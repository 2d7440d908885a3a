/*
 * Speed of a cipher by AF_ALG in a guest: af_alg_speed DRIVER BYTES DEPTH MILLISECONDS keeps DEPTH requests of BYTES bytes in flight, and
 * writes microseconds a request. With a depth of 1 each is waited for; with a larger one they are asynchronous, each in a socket of its own.
 */
#include <linux/aio_abi.h>
#include <linux/if_alg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define DEPTH_MAX 256
#define IV_BYTES 16

static uint8_t *source, *results;
static size_t length;

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec * 1e6 + time.tv_nsec * 1e-3;
}

static int fail(const char *what) {
  perror(what);
  return 1;
}

/* Gives a socket the content of its next request. */
static int offer(int request) {
  char control[CMSG_SPACE(4) + CMSG_SPACE(4 + IV_BYTES)] = {0};
  struct iovec part = {source, length};
  struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
  struct cmsghdr *header = CMSG_FIRSTHDR(&message);
  header->cmsg_level = SOL_ALG;
  header->cmsg_type = ALG_SET_OP;
  header->cmsg_len = CMSG_LEN(4);
  *(uint32_t *)CMSG_DATA(header) = ALG_OP_ENCRYPT;
  header = CMSG_NXTHDR(&message, header);
  header->cmsg_level = SOL_ALG;
  header->cmsg_type = ALG_SET_IV;
  header->cmsg_len = CMSG_LEN(4 + IV_BYTES);
  ((struct af_alg_iv *)CMSG_DATA(header))->ivlen = IV_BYTES;
  return sendmsg(request, &message, 0) == (ssize_t)length;
}

/* Has the kernel read a request's result when it is there. */
static int await(aio_context_t context, struct iocb *block, int request, size_t index) {
  memset(block, 0, sizeof *block);
  block->aio_data = index;
  block->aio_lio_opcode = IOCB_CMD_PREAD;
  block->aio_fildes = (uint32_t)request;
  block->aio_buf = (uint64_t)(uintptr_t)(results + index * length);
  block->aio_nbytes = length;
  return syscall(SYS_io_submit, context, 1L, &block) == 1;
}

int main(int argc, char **argv) {
  if (argc != 5) return 2;
  length = strtoul(argv[2], NULL, 10);
  size_t depth = strtoul(argv[3], NULL, 10);
  double until = strtod(argv[4], NULL) * 1e3;
  if (depth < 1 || depth > DEPTH_MAX) return 2;
  struct sockaddr_alg name = {.salg_family = AF_ALG, .salg_type = "skcipher"};
  strncpy((char *)name.salg_name, argv[1], sizeof name.salg_name - 1);
  int cipher = socket(AF_ALG, SOCK_SEQPACKET, 0);
  if (cipher < 0 || bind(cipher, (struct sockaddr *)&name, sizeof name) < 0) return fail("bind");
  if (setsockopt(cipher, SOL_ALG, ALG_SET_KEY, "0123456789abcdef", 16) < 0) return fail("key");
  source = aligned_alloc(4096, (length + 4095) & ~4095ul);
  results = aligned_alloc(4096, (depth * length + 4095) & ~4095ul);
  if (!source || !results) return fail("memory");
  memset(source, 7, length);
  memset(results, 0, depth * length);
  int sockets[DEPTH_MAX];
  for (size_t i = 0; i < depth; i++)
    if ((sockets[i] = accept(cipher, NULL, 0)) < 0) return fail("accept");

  double began = now();
  unsigned long done = 0;
  if (depth == 1) {
    for (; now() - began < until; done++)
      if (!offer(sockets[0]) || read(sockets[0], results, length) != (ssize_t)length) return fail("request");
  } else {
    aio_context_t context = 0;
    struct iocb blocks[DEPTH_MAX];
    struct io_event events[DEPTH_MAX];
    if (syscall(SYS_io_setup, depth, &context) < 0) return fail("io_setup");
    size_t flying = 0;
    for (; flying < depth; flying++)
      if (!offer(sockets[flying]) || !await(context, &blocks[flying], sockets[flying], flying)) return fail("request");
    while (flying > 0) {
      long count = syscall(SYS_io_getevents, context, 1L, depth, events, NULL);
      if (count < 1) return fail("io_getevents");
      for (long i = 0; i < count; i++) {
        size_t index = events[i].data;
        if (events[i].res != (int64_t)length) return fail("result");
        done++;
        flying--;
        if (now() - began >= until) continue;
        if (!offer(sockets[index]) || !await(context, &blocks[index], sockets[index], index)) return fail("request");
        flying++;
      }
    }
  }
  printf("guest: %zu in flight %.2f\n", depth, (now() - began) / done);
  return 0;
}
