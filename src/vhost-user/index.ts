/**
 * The device for QEMU and DPDK: a daemon that serves it over vhost-user, on a 64-bit Linux. It needs the package koffi, which is loaded
 * when a daemon starts.
 * @module virtio-crypto-wasm/vhost-user
 */
export { serveVhostUser, type VhostUserEvent, type VhostUserOptions, type VhostUserServer } from './server.ts';
