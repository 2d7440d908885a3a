/*
 * The network around a guest's IPsec: xfrm SETUP PACKETS. It makes two links, inside and outside, runs the script SETUP, and sends the
 * packets of the file PACKETS, one a line: a label, the door by which it goes in, and its bytes in hexadecimal. Doors are inside and
 * outside, the links, and local, for packets that this machine sends itself. For each packet it says what became of it: the door where
 * one came out, and its bytes, or the counter of /proc/net/xfrm_stat that was raised.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <linux/udp.h>
#include <net/if.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#define BYTES_MAX 4096
/* The protocol of packets that are delivered here: one for experiments, so that nothing answers them. */
#define PROTOCOL 253
#define NAT_PORT 4500
#define WAIT_MS 1
#define WAITS 20000
#define COUNTERS_BYTES 8192

static void fail(const char *what) {
  printf("guest: cannot %s: %s\n", what, strerror(errno));
  exit(1);
}

static int link_named(const char *name) {
  int link = open("/dev/net/tun", O_RDWR | O_NONBLOCK);
  struct ifreq request = {.ifr_flags = IFF_TUN | IFF_NO_PI};
  strncpy(request.ifr_name, name, IFNAMSIZ - 1);
  if (link < 0 || ioctl(link, TUNSETIFF, &request) < 0) fail("make a link");
  return link;
}

static int raw(int family, int protocol) {
  int opened = socket(family, SOCK_RAW | SOCK_NONBLOCK, protocol);
  if (opened < 0) fail("open a raw socket");
  return opened;
}

/* Takes ESP out of UDP (RFC 3948) as long as it is open. */
static void open_nat_port(int family) {
  int opened = socket(family, SOCK_DGRAM, 0);
  int on = 1, esp = UDP_ENCAP_ESPINUDP;
  struct sockaddr_in6 any6 = {.sin6_family = AF_INET6, .sin6_port = htons(NAT_PORT)};
  struct sockaddr_in any4 = {.sin_family = AF_INET, .sin_port = htons(NAT_PORT)};
  if (family == AF_INET6 && setsockopt(opened, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on) < 0) fail("use IPv6 alone");
  int bound = family == AF_INET6 ? bind(opened, (void *)&any6, sizeof any6) : bind(opened, (void *)&any4, sizeof any4);
  if (bound < 0) fail("bind the port for ESP in UDP");
  if (setsockopt(opened, IPPROTO_UDP, UDP_ENCAP, &esp, sizeof esp) < 0) fail("take ESP out of UDP");
}

static void counters(char *text) {
  int file = open("/proc/net/xfrm_stat", O_RDONLY);
  ssize_t got = file < 0 ? -1 : read(file, text, COUNTERS_BYTES - 1);
  if (got < 0) fail("read the counters");
  text[got] = 0;
  close(file);
}

/* Finds the first line in which the texts differ, and copies the name of its counter. */
static int raised(const char *before, const char *after, char *name, size_t size) {
  while (*before && *after) {
    size_t one = strcspn(before, "\n"), other = strcspn(after, "\n");
    if (one != other || memcmp(before, after, one)) {
      size_t length = strcspn(after, " \t\n");
      snprintf(name, size, "%.*s", (int)length, after);
      return 1;
    }
    before += one + (before[one] != 0);
    after += other + (after[other] != 0);
  }
  return 0;
}

static size_t parse(const char *text, uint8_t *bytes) {
  size_t length = 0;
  unsigned byte;
  while (length < BYTES_MAX && sscanf(text + 2 * length, "%2x", &byte) == 1) bytes[length++] = (uint8_t)byte;
  return length;
}

static void say(const char *label, const char *where, const uint8_t *bytes, ssize_t length) {
  printf("guest: %s %s ", label, where);
  for (ssize_t i = 0; i < length; i++) printf("%02x", bytes[i]);
  printf("\n");
}

static int send_local(const uint8_t *packet, size_t length) {
  static int sockets[2] = {-1, -1};
  int six = packet[0] >> 4 == 6;
  if (sockets[six] < 0) sockets[six] = raw(six ? AF_INET6 : AF_INET, IPPROTO_RAW);
  struct sockaddr_in to4 = {.sin_family = AF_INET};
  struct sockaddr_in6 to6 = {.sin6_family = AF_INET6};
  memcpy(&to4.sin_addr, packet + 16, 4);
  memcpy(&to6.sin6_addr, packet + 24, 16);
  return six ? sendto(sockets[1], packet, length, 0, (void *)&to6, sizeof to6)
             : sendto(sockets[0], packet, length, 0, (void *)&to4, sizeof to4);
}

struct door {
  const char *name;
  int file;
};

/* What came out of a door. The kernel's own multicast packets are none. */
static int came_out(const struct door *doors, const char *label) {
  uint8_t bytes[BYTES_MAX];
  for (const struct door *door = doors; door->name; door++) {
    ssize_t got = read(door->file, bytes, sizeof bytes);
    int link = !strcmp(door->name, "inside") || !strcmp(door->name, "outside");
    if (got <= 0 || (link && bytes[0] >> 4 == 6 && got > 24 && bytes[24] == 0xff)) continue;
    say(label, door->name, bytes, got);
    return 1;
  }
  return 0;
}

static void watch(const struct door *doors, const char *label, const char *before) {
  char after[COUNTERS_BYTES], name[64];
  for (int waits = 0; waits < WAITS; waits++) {
    if (came_out(doors, label)) return;
    counters(after);
    if (raised(before, after, name, sizeof name)) {
      printf("guest: %s %s\n", label, name);
      return;
    }
    poll(NULL, 0, WAIT_MS);
  }
  printf("guest: %s nothing\n", label);
}

int main(int argc, char **argv) {
  if (argc != 3) return 2;
  int inside = link_named("inside"), outside = link_named("outside");
  if (system(argv[1])) fail("set the network up");
  open_nat_port(AF_INET);
  open_nat_port(AF_INET6);
  const struct door doors[] = {
    {"inside", inside}, {"outside", outside}, {"local4", raw(AF_INET, PROTOCOL)}, {"local6", raw(AF_INET6, PROTOCOL)}, {0},
  };
  FILE *packets = fopen(argv[2], "r");
  if (!packets) fail("read the packets");
  char line[3 * BYTES_MAX], before[COUNTERS_BYTES];
  uint8_t bytes[BYTES_MAX];
  while (fgets(line, sizeof line, packets)) {
    const char *label = strtok(line, " "), *door = strtok(NULL, " "), *hex = strtok(NULL, " \n");
    if (!hex) continue;
    size_t length = parse(hex, bytes);
    counters(before);
    ssize_t sent = !strcmp(door, "local") ? send_local(bytes, length)
                   : write(!strcmp(door, "inside") ? inside : outside, bytes, length);
    if (sent < 0) printf("guest: %s refused: %s\n", label, strerror(errno));
    else watch(doors, label, before);
  }
  return 0;
}
