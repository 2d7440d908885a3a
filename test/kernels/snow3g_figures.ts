// Figures of "Specification of the 3GPP Confidentiality and Integrity Algorithms UEA2 & UIA2. Document 3: Implementors' Test
// Data", with the IVs and padding bits that DPDK's tests carry (app/test/test_cryptodev_snow3g_test_vectors.h).

const hex = (text: string): Buffer => Buffer.from(text, 'hex');

/** UEA2: `bits` of the ciphertext are the document's. */
export const UEA2_FIGURES = [
  {
    set: '1',
    key: hex('2bd6459f82c5b300952c49104881ff48'),
    iv: hex('72a4f20f6400000072a4f20f64000000'),
    bits: 798,
    plaintext: hex(
      '7ec61272743bf1614726446a6c38ced166f6ca76eb5430044286346cef130f92922b03450d3a9975e5bd2ea0eb55ad8e1b199e3ec4316020e9a1b285e762795359b7bdfd39bef4b2484583d5afe082aee638bf5fd5a606193901a08f4ab41aab9b134880',
    ),
    ciphertext: hex(
      '8ceba62943dced3a0990b06ea1b0a2c4fb3cedc71b369f42ba64c1eb6665e72aa1c9bb0deaa20fe86058b8baee2c2e7f0becce48b52932a53c9d5f931a3a7c532259af4325e2a65e3084ad5f6a513b7bddc1b65f0aa0d97a053db55a88c4c4f9605e4140',
    ),
  },
  {
    set: '2',
    key: hex('efa8b2229e720c2a7c36ea55e9605695'),
    iv: hex('e28bcf7bc0000000e28bcf7bc0000000'),
    bits: 510,
    plaintext: hex(
      '10111231e060253a43fd3f57e37607ab2827b599b6b1bbda37a8abcc5a8c550d1bfb2f494624fb50367fa36ce3bc68f11cf93b1510376b02130f812a9fa169d8',
    ),
    ciphertext: hex(
      'e0da15ca8e2554f5e56c9468dc6c7c129c568aa5032317e04e0729646cabefa689864c410f24f919e61e3dfdfad77e560db0a9cd36c34ae4181490b29f5fa2fc',
    ),
  },
  {
    set: '3',
    key: hex('5acb1d644c0d51204ea5f1451010d852'),
    iv: hex('fa556b261c000000fa556b261c000000'),
    bits: 120,
    plaintext: hex('ad9c441f890b38c457a49d421407e8'),
    ciphertext: hex('ba0f31300334c56b52a7497cbac046'),
  },
  {
    set: '4',
    key: hex('d3c5d592327fb11c4035c6680af8c6d1'),
    iv: hex('398a59b42c000000398a59b42c000000'),
    bits: 253,
    plaintext: hex('981ba6824c1bfb1ab485472029b71d808ce33e2cc3c0b5fc1f3de8a6dc66b1f0'),
    ciphertext: hex('989b719cdc33ceb7cf276a52827cef94a56c40c0ab9d81f7a2a9bac60e11c4b0'),
  },
  {
    set: '5',
    key: hex('6090eae04c83706eecbf652be8e36566'),
    iv: hex('72a4f20f4800000072a4f20f48000000'),
    bits: 837,
    plaintext: hex(
      '40981ba6824c1bfb4286b299783daf442c099f7ab0f58d5c8e46b104f08f01b41ab485472029b71d36bd1a3d90dc3a41b46d51672ac4c9663a2be063da4bc8d2808ce33e2cccbfc634e1b259060876a0fbb5a437ebcc8d31c19e4454318745e3987645987a986f2cb0',
    ),
    ciphertext: hex(
      '5892bba88bbbcaaeae769aa06b683d3a17cc04a369881697435e44fed5ff9af57b9e890d4d5c64709885d48ae40690ec043baae9705796e4a9ff5a4b8d8b36d7f3fe57cc6cfd6cd005cd3852a85e94ce6bcd90d0d07839ce09733544ca8e350843248550922ac12818',
    ),
  },
];

/** UIA2 over `bits` of a message. */
export const UIA2_FIGURES = [
  {
    set: '1',
    key: hex('c736c6aab22bfff91e2698d2e22ad57e'),
    iv: hex('14793e410397e8fd94793e41039768fd'),
    bits: 384,
    message: hex('d0a7d463df9fb2b278833fa02e235aa172bd970c1473e12907fb648b6599aaa0b24a038665422b20a499276a50427009'),
    mac: hex('38b554c0'),
  },
  {
    set: '2',
    key: hex('f4ebec69e73eaf2eb2cf6af4b3120ffd'),
    iv: hex('296f393c6b227737a96f393c6b22f737'),
    bits: 1000,
    message: hex(
      '10bfff839e0c71658dbb2d1707e145724f41c16f48bf403c3b18e38fd5d1663b6f6d900193e3cea8bb4f1b4f5be822032232a78d7d75238d5e6daecd3b4322cf59bc7ea84ab18811b5bfb7bc553f4fe44478ce287a14879990d18d12ca79d2c855149021cd5ce8ca0371ca04fcce143e3d7cfee94585b5885cac46068b',
    ),
    mac: hex('061745ae'),
  },
  {
    set: '4',
    key: hex('2bd6459f82c5b300952c49104881ff48'),
    iv: hex('38a6f05605d2ec4938a6f05605d2ec49'),
    bits: 189,
    message: hex('6b227737296f393c8079353edc87e2e805d2ec49a4f2d8e0'),
    mac: hex('2bce1820'),
  },
  {
    set: '5',
    key: hex('d42f682428201cafcd9f97945e6de7b7'),
    iv: hex('3edc87e2a4f2d8e2bedc87e2a4f258e2'),
    bits: 254,
    message: hex('b5924384328a4ae00b737109f8b6c8dd2b4db63dd533981ceb19aad52a5b2bc0'),
    mac: hex('fc7b18bd'),
  },
  {
    set: '6',
    key: hex('fdb9cfdf28936cc483a31869d81b8fab'),
    iv: hex('36af61449838f03ab6af61449838703a'),
    bits: 319,
    message: hex('5932bc0ace2b0aba33d8ac188ac54f346fad10bf9dee2920b43bd0c53a915cb7df6caa72053abff2'),
    mac: hex('02f1faaf'),
  },
];
