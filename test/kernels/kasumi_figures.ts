// Figures of 3GPP TS 35.203, "Implementors' test data", for f8 and f9. Where their last byte is not whole, the bits behind are
// those that f8 gives for a whole byte, as DPDK's tests carry them (app/test/test_cryptodev_kasumi_test_vectors.h).

const hex = (text: string): Buffer => Buffer.from(text, 'hex');

/** f8: `bits` of the ciphertext are the document's. */
export const F8_FIGURES = [
  {
    set: '1',
    key: hex('2bd6459f82c5b300952c49104881ff48'),
    iv: hex('72a4f20f64000000'),
    bits: 798,
    plaintext: hex(
      '7ec61272743bf1614726446a6c38ced166f6ca76eb5430044286346cef130f92922b03450d3a9975e5bd2ea0eb55ad8e1b199e3ec4316020e9a1b285e762795359b7bdfd39bef4b2484583d5afe082aee638bf5fd5a606193901a08f4ab41aab9b134880',
    ),
    ciphertext: hex(
      'd1e2de70eef86c6964fb542bc2d460aabfaa10a4a093262b7d199e706fc2d4891553296910f3a973012682e41c4e2b02be2017b7253bbf9309de5819cb42e81956f4c99bc9765caf53b1d0bb8279826adbbc5522e915c120a618a5a7f5e897089339650f',
    ),
  },
  {
    set: '2',
    key: hex('efa8b2229e720c2a7c36ea55e9605695'),
    iv: hex('e28bcf7bc0000000'),
    bits: 510,
    plaintext: hex(
      '10111231e060253a43fd3f57e37607ab2827b599b6b1bbda37a8abcc5a8c550d1bfb2f494624fb50367fa36ce3bc68f11cf93b1510376b02130f812a9fa169d8',
    ),
    ciphertext: hex(
      '3deacc7c15821caa89eecade9b5bd3614bd0c8419d710385ddbe5849ef1bac5ae8b14a5b0a6741521eb4e00bb9ecf3e9f7ccb9cae74152d7f4e2a034b6ea00ec',
    ),
  },
  {
    set: '4',
    key: hex('d3c5d592327fb11c4035c6680af8c6d1'),
    iv: hex('398a59b42c000000'),
    bits: 253,
    plaintext: hex('981ba6824c1bfb1ab485472029b71d808ce33e2cc3c0b5fc1f3de8a6dc66b1f0'),
    ciphertext: hex('5bb9431bb1e98bd11b93db7c3d45136559bb86a295aa204ecbebf6f7a5101510'),
  },
  {
    set: '5',
    key: hex('6090eae04c83706eecbf652be8e36566'),
    iv: hex('72a4f20f48000000'),
    bits: 837,
    plaintext: hex(
      '40981ba6824c1bfb4286b299783daf442c099f7ab0f58d5c8e46b104f08f01b41ab485472029b71d36bd1a3d90dc3a41b46d51672ac4c9663a2be063da4bc8d2808ce33e2cccbfc634e1b259060876a0fbb5a437ebcc8d31c19e4454318745e3987645987a986f2cb0',
    ),
    ciphertext: hex(
      'ddb364dd2aaec24dff291957b78bad063ac579cd9041babe89fd195c0578cb9fde4217566178d20240206d07cfa619ec059f63514459fc10d42dc9934e56ebc0cbc60d4d2df174774cbdcd5da4a350317a7f12e1949471f8a295f272e68fc07159b07d8e2d26e4599e',
    ),
  },
];

/** f9: the padded string, COUNT and FRESH first. */
export const F9_FIGURES = [
  {
    set: '1',
    key: hex('2bd6459f82c5b300952c49104881ff48'),
    padded: hex('38a6f05605d2ec496b227737296f393c8079353edc87e2e805d2ec49a4f2d8e2'),
    mac: hex('f63bd72c'),
  },
  {
    set: '2',
    key: hex('d42f682428201cafcd9f97945e6de7b7'),
    padded: hex('3edc87e2a4f2d8e2b5924384328a4ae00b737109f8b6c8dd2b4db63dd533981ceb19aad52a5b2bc3'),
    mac: hex('a9daf1ff'),
  },
  {
    set: '3',
    key: hex('fdb9cfdf28936cc483a31869d81b8fab'),
    padded: hex(
      '36af61449838f03a5932bc0ace2b0aba33d8ac188ac54f346fad10bf9dee2920b43bd0c53a915cb7df6caa72053abff38000000000000000',
    ),
    mac: hex('1537d316'),
  },
  {
    set: '4',
    key: hex('c736c6aab22bfff91e2698d2e22ad57e'),
    padded: hex(
      '14793e410397e8fdd0a7d463df9fb2b278833fa02e235aa172bd970c1473e12907fb648b6599aaa0b24a038665422b20a499276a50427009c000000000000000',
    ),
    mac: hex('dd7dfadd'),
  },
  {
    set: '5',
    key: hex('f4ebec69e73eaf2eb2cf6af4b3120ffd'),
    padded: hex(
      '296f393c6b22773710bfff839e0c71658dbb2d1707e145724f41c16f48bf403c3b18e38fd5d1663b6f6d900193e3cea8bb4f1b4f5be822032232a78d7d75238d5e6daecd3b4322cf59bc7ea84ab18811b5bfb7bc553f4fe44478ce287a14879990d18d12ca79d2c855149021cd5ce8ca0371ca04fcce143e3d7cfee94585b5885cac46068bc00000',
    ),
    mac: hex('c383839d'),
  },
  {
    set: '6',
    key: hex('83fd23a244a74cf358da3019f1722635'),
    padded: hex(
      '36af61444f302ad235c68716633c66fb750c266865d53c11ea05b1e9fa49c8398d48e1efa5909d3947902837f5ae96d5a05bc8d61ca8dbef1b13a4b4abfe4fb1006045b674bb54729304c382be53a5af05556176f6eaa2ef1d05e4b083181ee674cda5a485f74d7ac0',
    ),
    mac: hex('95ae41ba'),
  },
  {
    set: '7',
    key: hex('5acb1d644c0d51204ea5f1451010d852'),
    padded: hex('38a6f05605d2ec49ad9c441f890b38c457a49d421407e8c0'),
    mac: hex('875fe489'),
  },
];
