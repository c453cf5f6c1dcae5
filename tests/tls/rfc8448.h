/* rfc8448.h -- messages of RFC 8448 (Example Handshake Traces for TLS 1.3), sections 3 and 4, in
 * hexadecimal. */
#ifndef RFC8448_H
#define RFC8448_H

/* Section 3: the ClientHello. */
static const char rfc_client_hello[] = "010000c00303cb34ecb1e78163ba1c38c6dacb196a6dffa21a8d9912ec1"
                                       "8a2ef6283024dece700000613011303130201"
                                       "0000910000000b0009000006736572766572ff01000100000a001400120"
                                       "01d0017001800190100010101020103010400"
                                       "230000003300260024001d002099381de560e4bd43d23d8e435a7dbafeb"
                                       "3c06e51c13cae4d5413691e529aaf2c002b00"
                                       "03020304000d0020001e040305030603020308040805080604010501060"
                                       "102010402050206020202002d00020101001c"
                                       "00024001";
/* the ServerHello */
static const char rfc_server_hello[] =
    "020000560303a6af06a4121860dc5e6e60249cd34c95930c8ac5cb1434dac155772ed3e2692800130100002e003300"
    "24"
    "001d0020c9828876112095fe66762bdbf7c672e156d6cc253b833df1dd69b1b04e751f0f002b00020304";
/* EncryptedExtensions */
static const char rfc_encrypted_extensions[] =
    "080000240022000a00140012001d00170018001901000101010201030104001c0002400100000000";
/* Certificate */
static const char rfc_certificate[] = "0b0001b9000001b50001b0308201ac30820115a003020102020102300d06"
                                      "092a864886f70d01010b0500300e310c300a"
                                      "06035504031303727361301e170d3136303733303031323335395a170d32"
                                      "36303733303031323335395a300e310c300a"
                                      "0603550403130372736130819f300d06092a864886f70d01010105000381"
                                      "8d0030818902818100b4bb498f8279303d98"
                                      "0836399b36c6988c0c68de55e1bdb826d3901a2461eafd2de49a91d015ab"
                                      "bc9a95137ace6c1af19eaa6af98c7ced4312"
                                      "0998e187a80ee0ccb0524b1b018c3e0b63264d449a6d38e22a5fda430846"
                                      "748030530ef0461c8ca9d9efbfae8ea6d1d0"
                                      "3e2bd193eff0ab9a8002c47428a6d35a8d88d79f7f1e3f0203010001a31a"
                                      "301830090603551d1304023000300b060355"
                                      "1d0f0404030205a0300d06092a864886f70d01010b05000381810085aad2"
                                      "a0e5b9276b908c65f73a7267170618a54c5f"
                                      "8a7b337d2df7a594365417f2eae8f8a58c8f8172f9319cf36b7fd6c55b80"
                                      "f21a03015156726096fd335e5e67f2dbf102"
                                      "702e608ccae6bec1fc63a42a99be5c3eb7107c3c54e9b9eb2bd5203b1c3b"
                                      "84e0a8b2f759409ba3eac9d91d402dcc0cc8"
                                      "f8961229ac9187b42b4de10000";
/* CertificateVerify */
static const char rfc_certificate_verify[] =
    "0f000084080400805a747c5d88fa9bd2e55ab085a61015b7211f824cd484145ab3ff52f1fda8477b0b7abc90db78e2"
    "d3"
    "3a5c141a078653fa6bef780c5ea248eeaaa785c4f394cab6d30bbe8d4859ee511f602957b15411ac027671459e4644"
    "5c"
    "9ea58c181e818e95b8c3fb0bf3278409d3be152a3da5043e063dda65cdf5aea20d53dfacd42f74f3";
/* the server's Finished */
static const char rfc_server_finished[] =
    "140000209b9b141d906337fbd2cbdce71df4deda4ab42c309572cb7fffee5454b78f0718";
/* the record that holds these four messages, encrypted */
static const char rfc_server_flight[] = "17030302a2d1ff334a56f5bff6594a07cc87b580233f500f45e489e7f3"
                                        "3af35edf7869fcf40aa40aa2b8ea73f848a7ca"
                                        "07612ef9f945cb960b4068905123ea78b111b429ba9191cd05d2a38928"
                                        "0f526134aadc7fc78c4b729df828b5ecf7b13b"
                                        "d9aefb0e57f271585b8ea9bb355c7c79020716cfb9b1183ef3ab20e37d"
                                        "57a6b9d7477609aee6e122a4cf51427325250c"
                                        "7d0e509289444c9b3a648f1d71035d2ed65b0e3cdd0cbae8bf2d0b2278"
                                        "12cbb360987255cc744110c453baa4fcd61092"
                                        "8d809810e4b7ed1a8fd991f06aa6248204797e36a6a73b70a2559c09ea"
                                        "d686945ba246ab66e5edd8044b4c6de3fcf2a8"
                                        "9441ac66272fd8fb330ef8190579b3684596c960bd596eea520a56a8d6"
                                        "50f563aad27409960dca63d3e688611ea5e22f"
                                        "4415cf9538d51a200c27034272968a264ed6540c84838d89f72c24461a"
                                        "ad6d26f59ecaba9acbbb317b66d902f4f292a3"
                                        "6ac1b639c637ce343117b659622245317b49eeda0c6258f100d7d961ff"
                                        "b138647e92ea330faeea6dfa31c7a84dc3bd7e"
                                        "1b7a6c7178af36879018e3f252107f243d243dc7339d5684c8b0378bf3"
                                        "0244da8c87c843f5e56eb4c5e8280a2b48052c"
                                        "f93b16499a66db7cca71e4599426f7d461e66f99882bd89fc50800becc"
                                        "a62d6c74116dbd2972fda1fa80f85df881edbe"
                                        "5a37668936b335583b599186dc5c6918a396fa48a181d6b6fa4f9d62d5"
                                        "13afbb992f2b992f67f8afe67f76913fa388cb"
                                        "5630c8ca01e0c65d11c66a1e2ac4c85977b7c7a6999bbf10dc35ae69f5"
                                        "515614636c0b9b68c19ed2e31c0b3b66763038"
                                        "ebba42f3b38edc0399f3a9f23faa63978c317fc9fa66a73f60f0504de9"
                                        "3b5b845e275592c12335ee340bbc4fddd50278"
                                        "4016e4b3be7ef04dda49f4b440a30cb5d2af939828fd4ae3794e44f94d"
                                        "f5a631ede42c1719bfdabf0253fe5175be898e"
                                        "750edc53370d2b";
/* the client's Finished */
static const char rfc_client_finished[] =
    "14000020a8ec436d677634ae525ac1fcebe11a039ec17694fac6e98527b642f2edd5ce61";
/* its record */
static const char rfc_client_finished_record[] = "170303003575ec4dc238cce60b298044a71e219c56cc77b05"
                                                 "17fe9b93c7a4bfc44d87f38f80338ac98fc46deb384bd1c"
                                                 "aeacab6867d726c40546";
/* NewSessionTicket */
static const char rfc_ticket[] = "040000c90000001efad6aac502000000b22c035d829359ee5ff7af4ec90000000"
                                 "0262a6494dc486d2c8a34cb33fa90bf"
                                 "1b0070ad3c498883c9367c09a2be785abc55cd226097a3a982117283f82a03a14"
                                 "3efd3ff5dd36d64e861be7fd61d2827"
                                 "db279cce145077d454a3664d4e6da4d29ee03725a6a4dafcd0fc67d2aea705295"
                                 "13e3da2677fa5906c5b3f7d8f92f228"
                                 "bda40dda721470f9fbf297b5aea617646fac5c03272e970727c621a79141ef5f7"
                                 "de6505e5bfbc388e93343694093934a"
                                 "e4d3570008002a000400000400";
/* its record */
static const char rfc_ticket_record[] =
    "17030300de3a6b8f90414a97d6959c3487680de5134a2b240e6cffac116e95d41d6af8f6b580dcf3d11d63c758db28"
    "9a"
    "015940252f55713e061dc13e078891a38efbcf5753ad8ef170ad3c7353d16d9da773b9ca7f2b9fa1b6c0d4a3d03f75"
    "e0"
    "9c30ba1e62972ac46f75f7b981be63439b2999ce13064615139891d5e4c5b406f16e3fc181a77ca475840025db2f0a"
    "77"
    "f81b5ab05b94c01346755f69232c86519d86cbeeac87aac347d143f9605d64f650db4d023e70e952ca49fe5137121c"
    "74"
    "bc2697687e248746d6df353005f3bce18696129c8153556b3b6c6779b37bf15985684f";
/* data of both ends */
static const char rfc_data[] = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f202"
                               "122232425262728292a2b2c2d2e2f"
                               "3031";
/* the client's record of it */
static const char rfc_client_data_record[] = "1703030043a23f7054b62c94d0affafe8228ba55cbefacea42f91"
                                             "4aa66bcab3f2b9819a8a5b46b395bd54a9a20441e2b"
                                             "62974e1f5a6292a2977014bd1e3deae63aeebb21694915e4";
/* the server's record of it */
static const char rfc_server_data_record[] = "17030300432e937e11ef4ac740e538ad36005fc4a46932fc3225d"
                                             "05f82aa1b36e30efaf97d90e6dffc602dcb501a59a8"
                                             "fcc49c4bf2e5f0a21c0047c2abf332540dd032e167c2955d";
/* the client's close_notify */
static const char rfc_client_end_record[] = "1703030013c9872760655666b74d7ff1153efd6db6d0b0e3";
/* the server's close_notify */
static const char rfc_server_end_record[] = "1703030013b58fd67166ebf599d24720cfbe7efa7a8864a9";
/* Section 4: the ClientHello without its binders. */
static const char rfc_resumed_hello[] =
    "010001fc03031bc3ceb6bbe39cff938355b5a50adb6db21b7a6af649d7b4bc419d7876487d95000006130113031302"
    "01"
    "0001cd0000000b0009000006736572766572ff01000100000a00140012001d00170018001901000101010201030104"
    "00"
    "3300260024001d0020e4ffb68ac05f8d96c99da26698346c6be16482badddafe051a66b4f18d668f0b002a0000002b"
    "00"
    "03020304000d0020001e040305030603020308040805080604010501060102010402050206020202002d0002010100"
    "1c"
    "0002400100150057000000000000000000000000000000000000000000000000000000000000000000000000000000"
    "00"
    "0000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000"
    "00"
    "2900dd00b800b22c035d829359ee5ff7af4ec900000000262a6494dc486d2c8a34cb33fa90bf1b0070ad3c498883c9"
    "36"
    "7c09a2be785abc55cd226097a3a982117283f82a03a143efd3ff5dd36d64e861be7fd61d2827db279cce145077d454"
    "a3"
    "664d4e6da4d29ee03725a6a4dafcd0fc67d2aea70529513e3da2677fa5906c5b3f7d8f92f228bda40dda721470f9fb"
    "f2"
    "97b5aea617646fac5c03272e970727c621a79141ef5f7de6505e5bfbc388e93343694093934ae4d357fad6aacb";
/* the binders */
static const char rfc_resumed_binders[] =
    "0021203add4fb2d8fdf822a0ca3cf7678ef5e88dae990141c5924d57bb6fa31b9e5f9d";
/* the record of "ABCDEF", early data */
static const char rfc_early_record[] =
    "1703030017ab1df420e75c457a7cc5d2844f76d5aee4b4edbf049be0";
/* the ServerHello */
static const char rfc_resumed_server_hello[] =
    "0200005c03033ccfd2dec890222763472ae8136777c9d7358777bb66e91ea5122495f559ea2d0013010000340029"
    "0002000000330024001d0020121761ee42c333e1b9e77b60dd57c2053cd94512ab47f115e86eff50942cea31002b"
    "00020304";
/* EncryptedExtensions */
static const char rfc_early_extensions[] =
    "080000280026000a00140012001d00170018001901000101010201030104001c0002400100000000002a0000";
/* the server's Finished */
static const char rfc_resumed_server_finished[] =
    "1400002048d3e0e1b3d907c6acff145e16090388c77b05c050b634ab1a88bbd0dd1a34b2";
/* the record with both */
static const char rfc_resumed_server_flight[] =
    "1703030061dc48237b4b879f50d0d4d262ea8b4716eb40ddc1eb957e11126e8a7149c2d012d37a7115957e64ce30"
    "008b9e0323f2c05a9c1c77b4f37849a695ab255060a33fee770ca95cb8486bfd0843b87024865ca35cc41c4e515c"
    "64dcb1369f98635bc7a5";
/* EndOfEarlyData */
static const char rfc_end_of_early[] =
    "05000000";
/* its record */
static const char rfc_end_of_early_record[] =
    "1703030015aca6fc944841298df99593725f9bf9754429b12f09";
/* the client's Finished */
static const char rfc_resumed_client_finished[] =
    "140000207230a9c952c25cd6138fc5e6628308c41c5335dd81b9f96bcea50fd32bda416d";
/* its record */
static const char rfc_resumed_client_finished_record[] =
    "170303003500f8b467d14cf22a4b3f0b6ae0d8e6cc8d08e0db3515ef5c2bdf1922eafbb70009964716d834fb70c3"
    "d2a56c5b1f5f6bdba6c333cf";
/* the client's record of rfc_data */
static const char rfc_resumed_client_data_record[] =
    "1703030043b1cebce242aa201be9ae5e1cb2a9aa4b33d4e866af1edb068919237741aa031d7a74d491c99b9d4e23"
    "2b74206bc6fbaa04fe78be44a9b4f54320a17eb76992afac3103";
/* the server's record of rfc_data */
static const char rfc_resumed_server_data_record[] =
    "1703030043275e9f20acff57bc000657d3867df039cccf79047884cf75771746f740b5a83f462a0954c3581393a2"
    "03a25a7dd14141ef1a37900cdb62ff62dee1ba39ab2590cbf194";
/* the client's close_notify */
static const char rfc_resumed_client_end_record[] =
    "17030300130facce3246bdfc6369838d6a82ae6de5d422dc";
/* the server's close_notify */
static const char rfc_resumed_server_end_record[] =
    "17030300135b18af444e8e1eec7158fb62d8f2577d37ba5d";

#endif
