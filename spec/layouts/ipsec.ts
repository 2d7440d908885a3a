// Requests of the IPSEC service (virtio 1.4, 5.9.7.9). Its security associations are made by administration commands, so it has no
// session, and no stateless mode.
import * as crypto from '../crypto.ts';
import { layout, le32, type ServiceLayouts } from '../layout.ts';
import { DATA_HEADER } from './headers.ts';

/** struct virtio_crypto_ipsec_data_flf. session_id in the header is the id of a security association. */
export const IPSEC_DATA = layout({
  section: '5.9.7.9',
  header: DATA_HEADER,
  bytes: crypto.DATA_IPSEC_BYTES,
  fields: [
    le32('src_data_len', crypto.DATA_IPSEC_SRC_LEN, 'length'),
    le32('dst_data_len', crypto.DATA_IPSEC_DST_LEN, 'length'),
  ],
  readable: [{ name: 'src_data', length: 'src_data_len' }],
  writable: [{ name: 'dst_data', length: 'dst_data_len' }],
});

export const IPSEC_LAYOUTS: ServiceLayouts = { data: () => IPSEC_DATA };
