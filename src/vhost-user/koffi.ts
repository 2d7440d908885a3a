// The one file with calls of C functions, by the package koffi. It is loaded when a daemon starts, and by nothing else.
import { constants, endianness } from 'node:os';
import { type MappedFile, type Received, type System, SystemError } from './system.ts';

const SUPPORTED = 'vhost-user runs on a 64-bit little-endian Linux';
const REMEDY = 'install it with `npm install koffi@3.3.4`; it has builds for glibc and for musl';

const AF_UNIX = 1;
const SOCK_STREAM = 1;
const SOCK_NONBLOCK = 0o4000;
const SOCK_CLOEXEC = 0o2000000;
const SOCKET_KIND = SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC;
const SOL_SOCKET = 1;
const SCM_RIGHTS = 1;
const MSG_CTRUNC = 8;
const MSG_NOSIGNAL = 0x4000;
const MSG_CMSG_CLOEXEC = 0x40000000;
const PROT_READ_WRITE = 3;
const MAP_SHARED = 1;
const MAP_FIXED = 16;
/** MAP_PRIVATE, MAP_ANONYMOUS and MAP_NORESERVE. */
const MAP_ZEROS = 2 | 32 | 0x4000;
const F_SETFL = 4;
const O_NONBLOCK = 0o4000;
const F_ADD_SEALS = 1033;
const F_SEAL_SHRINK = 2;
const BACKLOG = 16;
/** Node.js 20 has no views of 4 GiB and more. */
const PIECE_BYTES = 2 ** 31;

/** struct sockaddr_un, struct iovec, struct msghdr and struct cmsghdr on a 64-bit Linux, with glibc and with musl. */
const SOCKADDR_BYTES = 110;
const MSGHDR_BYTES = 56;
const MSGHDR = { iov: 16, iovlen: 24, control: 32, controllen: 40, flags: 48 } as const;
const CMSGHDR_BYTES = 16;
const CMSG = { len: 0, level: 8, type: 12 } as const;

/** Node's own names of error numbers. EAGAIN has a second one, EWOULDBLOCK, which comes later in the list. */
const CODES = new Map(
  Object.entries(constants.errno)
    .reverse()
    .map(([name, number]) => [number, name]),
);

/** Loads the package, and makes a System of it. @throws Error that says what is missing, and how it is installed */
export async function loadSystem(): Promise<System> {
  const { platform, arch } = process;
  if (platform !== 'linux' || !['x64', 'arm64', 'riscv64', 'loong64'].includes(arch) || endianness() !== 'LE') {
    throw new Error(`${SUPPORTED}, and this is ${platform} on ${arch}.`);
  }
  const { default: koffi } = await import('koffi').catch((cause: unknown) => {
    const [why = ''] = String(cause instanceof Error ? cause.message : cause).split('\n');
    throw new Error(`vhost-user needs the package koffi, which cannot be loaded (${why}): ${REMEDY}.`, { cause });
  });
  const c = koffi.load(null);
  const libc = {
    socket: c.func('int socket(int, int, int)'),
    bind: c.func('int bind(int, void *, unsigned int)'),
    listen: c.func('int listen(int, int)'),
    accept4: c.func('int accept4(int, intptr_t, intptr_t, int)'),
    connect: c.func('int connect(int, void *, unsigned int)'),
    recvmsg: c.func('intptr_t recvmsg(int, void *, int)'),
    send: c.func('intptr_t send(int, void *, size_t, int)'),
    close: c.func('int close(int)'),
    mmap: c.func('intptr_t mmap(intptr_t, size_t, int, int, int, int64_t)'),
    munmap: c.func('int munmap(intptr_t, size_t)'),
    fcntl: c.func('int fcntl(int, int, int)'),
  };
  const code = () => CODES.get(koffi.errno()) ?? `error ${koffi.errno()}`;

  /** @throws SystemError for a negative answer */
  function checked(call: keyof typeof libc, ...args: unknown[]): number {
    const answer = Number(libc[call](...args));
    if (answer >= 0) return answer;
    throw new SystemError(call, code());
  }

  /** Makes a socket, and does something with it; closes it if that fails. */
  function withSocket(work: (socket: number) => void): number {
    const socket = checked('socket', AF_UNIX, SOCKET_KIND, 0);
    try {
      work(socket);
      return socket;
    } catch (error) {
      libc.close(socket);
      throw error;
    }
  }

  /** Buffers of receive(), which stay where they are: the structures hold their addresses. */
  const into = Buffer.alloc(4096);
  const control = Buffer.alloc(256);
  const iov = Buffer.alloc(16);
  const message = Buffer.alloc(MSGHDR_BYTES);

  function receive(socket: number, bytes: number, most: number): Received {
    iov.writeBigUInt64LE(koffi.address(into), 0);
    iov.writeBigUInt64LE(BigInt(Math.min(bytes, into.length)), 8);
    message.fill(0);
    message.writeBigUInt64LE(koffi.address(iov), MSGHDR.iov);
    message.writeBigUInt64LE(1n, MSGHDR.iovlen);
    message.writeBigUInt64LE(koffi.address(control), MSGHDR.control);
    message.writeBigUInt64LE(BigInt(CMSGHDR_BYTES + 4 * most), MSGHDR.controllen);
    const length = Number(libc.recvmsg(socket, message, MSG_CMSG_CLOEXEC));
    if (length < 0) {
      const why = code();
      if (why === 'EAGAIN' || why === 'EINTR') return { kind: 'nothing' };
      if (why === 'ECONNRESET') return { kind: 'end' };
      throw new SystemError('recvmsg', why);
    }
    const descriptors = descriptorsIn(control.subarray(0, Number(message.readBigUInt64LE(MSGHDR.controllen))));
    if (message.readUInt32LE(MSGHDR.flags) & MSG_CTRUNC) {
      for (const descriptor of descriptors) libc.close(descriptor);
      throw new SystemError('recvmsg', 'more descriptors than a message can have');
    }
    if (length === 0) return { kind: 'end' };
    return { kind: 'bytes', bytes: Uint8Array.from(into.subarray(0, length)), descriptors };
  }

  function map(descriptor: number, bytes: number, at = 0): MappedFile {
    // A client that makes its file shorter would end this process by SIGBUS. A file that does not know seals refuses, and is trusted.
    libc.fcntl(descriptor, F_ADD_SEALS, F_SEAL_SHRINK);
    const flags = at === 0 ? MAP_SHARED : MAP_SHARED | MAP_FIXED;
    const address = Number(libc.mmap(at, bytes, PROT_READ_WRITE, flags, descriptor, 0));
    if (address === -1) throw new SystemError('mmap', code());
    const pieces: Uint8Array[] = [];
    for (let from = 0; from < bytes; from += PIECE_BYTES) {
      pieces.push(new Uint8Array(koffi.view(BigInt(address + from), Math.min(PIECE_BYTES, bytes - from))));
    }
    return { pieces, unmap: () => void libc.munmap(address, bytes) };
  }

  return {
    receive,
    map,
    clear: (at, bytes) => {
      const address = Number(libc.mmap(at, bytes, PROT_READ_WRITE, MAP_ZEROS | MAP_FIXED, -1, 0));
      if (address === -1) throw new SystemError('mmap', code());
    },
    addressOf: (view) => Number(koffi.address(view)),
    listen: (path) =>
      withSocket((socket) => {
        checked('bind', socket, address(path), SOCKADDR_BYTES);
        checked('listen', socket, BACKLOG);
      }),
    accept: (socket) => {
      const client = Number(libc.accept4(socket, 0, 0, SOCK_NONBLOCK | SOCK_CLOEXEC));
      if (client >= 0) return client;
      const why = code();
      if (why === 'EAGAIN' || why === 'EINTR' || why === 'ECONNABORTED') return undefined;
      throw new SystemError('accept4', why);
    },
    connect: (path) =>
      withSocket((socket) => {
        checked('connect', socket, address(path), SOCKADDR_BYTES);
      }),
    send: (socket, bytes) => {
      const length = Number(libc.send(socket, bytes, bytes.length, MSG_NOSIGNAL));
      if (length >= 0) return length === bytes.length;
      const why = code();
      if (why === 'EAGAIN') return false;
      throw new SystemError('send', why);
    },
    neverWait: (descriptor) => void checked('fcntl', descriptor, F_SETFL, O_NONBLOCK),
    poll: (descriptor, handler) => {
      const handle = koffi.node.poll(descriptor, { readable: true, disconnect: true }, () => {
        // koffi 3.3.4 calls this outside of Node's own callbacks. Node 26 then runs no promise's reactions until something else happens.
        setImmediate(nothing);
        handler();
      });
      // The handle has to be referred to: without that it is collected, and nothing is heard any more.
      return () => handle.close();
    },
  };
}

function nothing(): void {}

/** struct sockaddr_un of a path, which has at most 107 bytes. */
function address(path: string): Buffer {
  const bytes = Buffer.alloc(SOCKADDR_BYTES);
  bytes.writeUInt16LE(AF_UNIX, 0);
  bytes.write(path, 2, 'utf8');
  return bytes;
}

/** The descriptors in control messages of SCM_RIGHTS. */
function descriptorsIn(control: Buffer): number[] {
  const found: number[] = [];
  for (let at = 0; at + CMSGHDR_BYTES <= control.length; ) {
    const length = Number(control.readBigUInt64LE(at + CMSG.len));
    const rights =
      control.readInt32LE(at + CMSG.level) === SOL_SOCKET && control.readInt32LE(at + CMSG.type) === SCM_RIGHTS;
    for (let i = CMSGHDR_BYTES; rights && i + 4 <= length && at + i + 4 <= control.length; i += 4) {
      found.push(control.readInt32LE(at + i));
    }
    if (length < CMSGHDR_BYTES) break;
    at += (length + 7) & ~7;
  }
  return found;
}
