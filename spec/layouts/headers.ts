// The general headers of requests, and the request that destroys a session, which is the same for every service.
import * as crypto from '../crypto.ts';
import { type Header, layout, le32, le64 } from '../layout.ts';

/** struct virtio_crypto_ctrl_header (5.9.7.2). */
export const CONTROL_HEADER: Header<'opcode' | 'algo' | 'flag'> = {
  section: '5.9.7.2',
  bytes: crypto.CTRL_HEADER_BYTES,
  legacyBytes: crypto.CTRL_LEGACY_BYTES,
  fields: [
    le32('opcode', crypto.CTRL_OPCODE, 'control opcode'),
    le32('algo', crypto.CTRL_ALGO),
    le32('flag', crypto.CTRL_FLAG, 'bits'),
  ],
};

/** struct virtio_crypto_op_header (5.9.7.3). */
export const DATA_HEADER: Header<'opcode' | 'algo' | 'session_id' | 'flag'> = {
  section: '5.9.7.3',
  bytes: crypto.DATA_HEADER_BYTES,
  legacyBytes: crypto.DATA_LEGACY_BYTES,
  fields: [
    le32('opcode', crypto.DATA_OPCODE, 'data opcode'),
    le32('algo', crypto.DATA_ALGO),
    le64('session_id', crypto.DATA_SESSION_ID),
    le32('flag', crypto.DATA_FLAG, 'bits'),
  ],
};

/** The common part of requests that create a session (5.9.7.2.1). */
export const SESSION = { section: '5.9.7.2.1', header: CONTROL_HEADER } as const;

/** VIRTIO_CRYPTO_*_DESTROY_SESSION: struct virtio_crypto_destroy_session_flf. */
export const DESTROY_SESSION = layout({
  ...SESSION,
  bytes: crypto.CTRL_DESTROY_BYTES,
  fields: [le64('session_id', crypto.CTRL_DESTROY_SESSION_ID)],
});

/** struct virtio_crypto_create_session_input, which the device writes. */
export const CREATE_SESSION_INPUT = [
  le64('session_id', crypto.CREATE_INPUT_SESSION_ID),
  le32('status', crypto.CREATE_INPUT_STATUS, 'status'),
] as const;
