// Made by tools/bindings.py.
use crate::{c_char, c_void, offsets, test_offsets, zeroed};

#[cfg(not(target_pointer_width = "64"))]
compile_error!("the description of leat's interface is that of machines with 64-bit pointers");

pub const LEAT_ACME_BINDING_BYTES: u32 = 128;
pub const LEAT_ACME_NAMES_MAX: u32 = 16;
pub const LEAT_ACME_VALUE_BYTES: u32 = 24576;
pub const LEAT_ACME_WHY_BYTES: u32 = 256;
pub const LEAT_ADDRESSES_MAX: u32 = 4;
pub const LEAT_AUTOCONF_KEPT_BYTES: u32 = 40;
pub const LEAT_AUTOCONF_WHY_BYTES: u32 = 606;
pub const LEAT_BLOCKLIST_EXPRESSIONS: u32 = 1024;
pub const LEAT_BLOCKLIST_LINE_BYTES: u32 = 80;
pub const LEAT_BLOCKLIST_NAME_RULES: u32 = 64;
pub const LEAT_BLOCKLIST_RULES_BYTES_MIN: u32 = 65536;
pub const LEAT_BLOCKLIST_TOLD: u32 = 4;
pub const LEAT_BLOCKLIST_WORK: u32 = 16384;
pub const LEAT_BLOCK_PIECES_MAX: u32 = 16;
pub const LEAT_BLOCK_SECTOR_MAX: u32 = 65536;
pub const LEAT_BLOCK_SECTOR_MIN: u32 = 512;
pub const LEAT_BUF_HEADROOM: u32 = 128;
pub const LEAT_CAPTURE_FRAME_MAX: u32 = 262144;
pub const LEAT_CAPTURE_NOTES_BYTES: u32 = 4096;
pub const LEAT_CIVIL_HTTP_BYTES: u32 = 30;
pub const LEAT_CONNECT_HOST_BYTES: u32 = 256;
pub const LEAT_CONNECT_TEXT_BYTES: u32 = 1024;
pub const LEAT_CONNECT_TRIES_MAX: u32 = 8;
pub const LEAT_CRYPTO_CERTIFICATE_BYTES_MAX: u32 = 16384;
pub const LEAT_CRYPTO_CHAIN_MAX: u32 = 10;
pub const LEAT_CRYPTO_DIGEST_BYTES_MAX: u32 = 48;
pub const LEAT_CRYPTO_HASHING_BYTES: u32 = 224;
pub const LEAT_CRYPTO_KEY_BYTES_MAX: u32 = 32;
pub const LEAT_CRYPTO_MADE_BYTES: u32 = 121;
pub const LEAT_CRYPTO_NONCE_BYTES: u32 = 12;
pub const LEAT_CRYPTO_POINT_BYTES: u32 = 65;
pub const LEAT_CRYPTO_PRIVATE_BYTES: u32 = 1472;
pub const LEAT_CRYPTO_PUBLIC_BYTES: u32 = 576;
pub const LEAT_CRYPTO_SECRET_BYTES_MAX: u32 = 64;
pub const LEAT_CRYPTO_SHARE_BYTES: u32 = 64;
pub const LEAT_CRYPTO_SHARE_BYTES_MAX: u32 = 1216;
pub const LEAT_CRYPTO_SIGNATURE_BYTES_MAX: u32 = 512;
pub const LEAT_CRYPTO_TAG_BYTES: u32 = 16;
pub const LEAT_DASHBOARD_BUF_BYTES: u32 = 2048;
pub const LEAT_DASHBOARD_CONNECTIONS: u32 = 50;
pub const LEAT_DASHBOARD_SAMPLES_MAX: u32 = 180;
pub const LEAT_DASHBOARD_TITLE_BYTES: u32 = 100;
pub const LEAT_DASHBOARD_VIEWS: u32 = 4;
pub const LEAT_DHCP6_DUID_MAX: u32 = 130;
pub const LEAT_DHCP6_FOR_EVER: u32 = 4294967295;
pub const LEAT_DHCP6_KEPT_BYTES: u32 = 24;
pub const LEAT_DHCP6_SEARCH_BYTES: u32 = 256;
pub const LEAT_DHCP6_SERVERS_MAX: u32 = 4;
pub const LEAT_DHCP_FOR_EVER: u32 = 4294967295;
pub const LEAT_DHCP_KEPT_BYTES: u32 = 16;
pub const LEAT_DHCP_NAME_BYTES: u32 = 256;
pub const LEAT_DHCP_ROUTES_MAX: u32 = 16;
pub const LEAT_DHCP_SERVERS_MAX: u32 = 4;
pub const LEAT_DHCP_VENDOR_BYTES: u32 = 255;
pub const LEAT_DNS_ACCESS_BYTES: u32 = 2304;
pub const LEAT_DNS_ACCESS_BYTES_MIN: u32 = 512;
pub const LEAT_DNS_LABEL_BYTES: u32 = 63;
pub const LEAT_DNS_NAME_BYTES: u32 = 255;
pub const LEAT_DNS_NAME_TEXT_BYTES: u32 = 1016;
pub const LEAT_DNS_PORT: u32 = 53;
pub const LEAT_DNS_REPLY_BYTES_MIN: u32 = 512;
pub const LEAT_DNS_UDP_BYTES: u32 = 1232;
pub const LEAT_ENDPOINT_TEXT_BYTES: u32 = 52;
pub const LEAT_FILES_LAYERS_MAX: u32 = 4;
pub const LEAT_FILES_PART_BYTES: u32 = 18432;
pub const LEAT_FILES_WHY_BYTES: u32 = 256;
pub const LEAT_FILE_LINKS_MAX: u32 = 8;
pub const LEAT_FILE_PATH_BYTES: u32 = 255;
pub const LEAT_FLIGHT_BYTES_MIN: u32 = 4096;
pub const LEAT_FORWARDER_BLOCKED: u32 = 15;
pub const LEAT_FORWARDER_CACHED_ERROR: u32 = 13;
pub const LEAT_FORWARDER_NETWORK_ERROR: u32 = 23;
pub const LEAT_FORWARDER_PROHIBITED: u32 = 18;
pub const LEAT_FORWARDER_STALE: u32 = 3;
pub const LEAT_FORWARDER_STALE_NXDOMAIN: u32 = 19;
pub const LEAT_FORWARDER_UNREACHABLE: u32 = 22;
pub const LEAT_HTTP_ACCESS_BYTES: u32 = 4096;
pub const LEAT_HTTP_ACCESS_BYTES_MIN: u32 = 512;
pub const LEAT_HTTP_ACCESS_CLIENT_BYTES: u32 = 912;
pub const LEAT_HTTP_ACCESS_FIELD_BYTES: u32 = 256;
pub const LEAT_HTTP_ACCESS_LINE_BYTES: u32 = 384;
pub const LEAT_HTTP_ANY: u64 = 18446744073709551615;
pub const LEAT_HTTP_LATENCY_BUCKETS: u32 = 16;
pub const LEAT_HTTP_PORT: u32 = 80;
pub const LEAT_IPV6_ADDRESSES_MAX: u32 = 8;
pub const LEAT_IPV6_SECRET_BYTES: u32 = 16;
pub const LEAT_IP_TEXT_BYTES: u32 = 40;
pub const LEAT_METRICS_ENTRY_BYTES: u32 = 400;
pub const LEAT_MULTIPART_BOUNDARY_BYTES: u32 = 70;
pub const LEAT_MULTIPART_FILE_BYTES: u32 = 255;
pub const LEAT_MULTIPART_HEAD_BYTES: u32 = 4096;
pub const LEAT_MULTIPART_NAME_BYTES: u32 = 127;
pub const LEAT_MULTIPART_TYPE_BYTES: u32 = 127;
pub const LEAT_NETIFS_MAX: u32 = 8;
pub const LEAT_NETIF_GATHER_PIECES: u32 = 17;
pub const LEAT_NEVER_NS: u64 = 18446744073709551615;
pub const LEAT_POSIX_WATCHED_MAX: u32 = 16;
pub const LEAT_REFUSAL_TEXT_BYTES: u32 = 192;
pub const LEAT_RESERVED: u32 = 2;
pub const LEAT_RESERVED_REPORT: u32 = 2;
pub const LEAT_RESOLVER_CACHE_BYTES_MIN: u32 = 16384;
pub const LEAT_RESOLVER_SERVERS_MAX: u32 = 4;
pub const LEAT_RESOLVER_TLS_PORT: u32 = 853;
pub const LEAT_SEED_BYTES: u32 = 32;
pub const LEAT_SLAAC_ADDRESSES_MAX: u32 = 5;
pub const LEAT_SLAAC_DOMAINS_MAX: u32 = 4;
pub const LEAT_SLAAC_PREFIXES_MAX: u32 = 8;
pub const LEAT_SLAAC_ROUTERS_MAX: u32 = 4;
pub const LEAT_SLAAC_ROUTES_MAX: u32 = 8;
pub const LEAT_SLAAC_SEARCH_BYTES: u32 = 256;
pub const LEAT_SLAAC_SERVERS_MAX: u32 = 4;
pub const LEAT_SNTP_SERVERS_MAX: u32 = 4;
pub const LEAT_STORE_NAME_BYTES: u32 = 31;
pub const LEAT_STORE_RECORD_BYTES: u32 = 72;
pub const LEAT_STORE_SECTORS_MAX: u32 = 1048576;
pub const LEAT_SYSLOG_MESSAGE_BYTES: u32 = 1180;
pub const LEAT_SYSLOG_NAME_BYTES: u32 = 48;
pub const LEAT_SYSLOG_PORT: u32 = 514;
pub const LEAT_TAP_BACKLOG_FRAMES: u32 = 4096;
pub const LEAT_TAP_QUEUES_MAX: u32 = 256;
pub const LEAT_TASK_GUARD_BYTES: u32 = 4096;
pub const LEAT_TASK_STACK_BYTES_MIN: u32 = 4096;
pub const LEAT_TCP_INFO_TEXT_BYTES: u32 = 320;
pub const LEAT_TCP_INITIAL_WINDOW_MAX: u32 = 63;
pub const LEAT_TCP_RTT_BUCKETS: u32 = 20;
pub const LEAT_TLS_CHAIN_BYTES_MAX: u32 = 16000;
pub const LEAT_TLS_CHAIN_MAX: u32 = 6;
pub const LEAT_TLS_KEY_LINE_BYTES: u32 = 256;
pub const LEAT_TLS_PIN_BYTES: u32 = 32;
pub const LEAT_TLS_PROTOCOL_BYTES: u32 = 32;
pub const LEAT_TLS_TICKET_BYTES: u32 = 512;
pub const LEAT_TLS_TICKET_KEYS_BYTES: u32 = 109;
pub const LEAT_TOP_KEY_BYTES: u32 = 255;
pub const LEAT_TOP_PLACES: u32 = 64;
pub const LEAT_URL_BYTES: u32 = 2048;
pub const LEAT_URL_HOST_BYTES: u32 = 256;
pub const LEAT_VLAN_ID_MAX: u32 = 4094;
pub const LEAT_VLAN_NETIFS_MAX: u32 = 8;
pub const LEAT_VLAN_PRIORITY_MAX: u32 = 7;
pub const LEAT_VLAN_UNTAGGED: u32 = 0;
pub const LEAT_WHY_BYTES: u32 = 256;
pub const LEAT_ZIP_BLOCK_BYTES: u32 = 32;
pub const LEAT_ZIP_ENTRY_BYTES: u32 = 64;
pub const LEAT_ZIP_NAME_BYTES: u32 = 255;
pub const LEAT_ZIP_PIECE_BYTES: u32 = 384;
pub const LEAT_ZIP_STORED_BYTES: u32 = 65535;
pub type leat_autoconf_change = u32;
pub const LEAT_AUTOCONF_ADDRESS: leat_autoconf_change = 0;
pub const LEAT_AUTOCONF_FACTS: leat_autoconf_change = 1;
pub const LEAT_AUTOCONF_SILENCE: leat_autoconf_change = 2;
pub const LEAT_AUTOCONF_REFUSED: leat_autoconf_change = 3;
pub const LEAT_AUTOCONF_CONFLICT: leat_autoconf_change = 4;
pub const LEAT_AUTOCONF_IPV6: leat_autoconf_change = 5;
pub const LEAT_AUTOCONF_DHCP6: leat_autoconf_change = 6;
pub const LEAT_AUTOCONF_DHCP6_SILENCE: leat_autoconf_change = 7;
pub const LEAT_AUTOCONF_DHCP6_REFUSED: leat_autoconf_change = 8;
pub const LEAT_AUTOCONF_DHCP6_CONFLICT: leat_autoconf_change = 9;
pub type leat_block_what = u32;
pub const LEAT_BLOCK_READ: leat_block_what = 0;
pub const LEAT_BLOCK_WRITE: leat_block_what = 1;
pub const LEAT_BLOCK_FLUSH: leat_block_what = 2;
pub const LEAT_BLOCK_DISCARD: leat_block_what = 3;
pub type leat_blocklist_mark = u32;
pub const LEAT_BLOCKLIST_BLOCK_NAME: leat_blocklist_mark = 1;
pub const LEAT_BLOCKLIST_BLOCK_BELOW: leat_blocklist_mark = 2;
pub const LEAT_BLOCKLIST_ALLOW_NAME: leat_blocklist_mark = 4;
pub const LEAT_BLOCKLIST_ALLOW_BELOW: leat_blocklist_mark = 8;
pub const LEAT_BLOCKLIST_FORCE_BLOCK: leat_blocklist_mark = 16;
pub const LEAT_BLOCKLIST_FORCE_ALLOW: leat_blocklist_mark = 32;
pub const LEAT_BLOCKLIST_PASS_BELOW: leat_blocklist_mark = 64;
pub type leat_blocklist_verdict = u32;
pub const LEAT_BLOCKLIST_UNLISTED: leat_blocklist_verdict = 0;
pub const LEAT_BLOCKLIST_BLOCKED: leat_blocklist_verdict = 1;
pub const LEAT_BLOCKLIST_ALLOWED: leat_blocklist_verdict = 2;
pub type leat_capture_direction = u32;
pub const LEAT_CAPTURE_UNKNOWN: leat_capture_direction = 0;
pub const LEAT_CAPTURE_IN: leat_capture_direction = 1;
pub const LEAT_CAPTURE_OUT: leat_capture_direction = 2;
pub type leat_checksum = u32;
pub const LEAT_CHECKSUM_UNKNOWN: leat_checksum = 0;
pub const LEAT_CHECKSUM_VERIFIED: leat_checksum = 1;
pub const LEAT_CHECKSUM_PARTIAL: leat_checksum = 2;
pub type leat_connect_state = u32;
pub const LEAT_CONNECT_WAITS: leat_connect_state = 0;
pub const LEAT_CONNECT_UNDER_WAY: leat_connect_state = 1;
pub const LEAT_CONNECT_OVER: leat_connect_state = 2;
pub type leat_crypto_aead = u32;
pub const LEAT_CRYPTO_AES_128_GCM: leat_crypto_aead = 1;
pub const LEAT_CRYPTO_AES_256_GCM: leat_crypto_aead = 2;
pub const LEAT_CRYPTO_CHACHA20_POLY1305: leat_crypto_aead = 3;
pub type leat_crypto_group = u32;
pub const LEAT_CRYPTO_SECP256R1: leat_crypto_group = 23;
pub const LEAT_CRYPTO_SECP384R1: leat_crypto_group = 24;
pub const LEAT_CRYPTO_X25519: leat_crypto_group = 29;
pub const LEAT_CRYPTO_X25519MLKEM768: leat_crypto_group = 4588;
pub type leat_crypto_hash = u32;
pub const LEAT_CRYPTO_SHA256: leat_crypto_hash = 1;
pub const LEAT_CRYPTO_SHA384: leat_crypto_hash = 2;
pub type leat_crypto_scheme = u32;
pub const LEAT_CRYPTO_ECDSA_SECP256R1_SHA256: leat_crypto_scheme = 1027;
pub const LEAT_CRYPTO_ECDSA_SECP384R1_SHA384: leat_crypto_scheme = 1283;
pub const LEAT_CRYPTO_ECDSA_SECP521R1_SHA512: leat_crypto_scheme = 1539;
pub const LEAT_CRYPTO_RSA_PSS_RSAE_SHA256: leat_crypto_scheme = 2052;
pub const LEAT_CRYPTO_RSA_PSS_RSAE_SHA384: leat_crypto_scheme = 2053;
pub const LEAT_CRYPTO_RSA_PSS_RSAE_SHA512: leat_crypto_scheme = 2054;
pub const LEAT_CRYPTO_ED25519: leat_crypto_scheme = 2055;
pub const LEAT_CRYPTO_RSA_PSS_PSS_SHA256: leat_crypto_scheme = 2057;
pub const LEAT_CRYPTO_RSA_PSS_PSS_SHA384: leat_crypto_scheme = 2058;
pub const LEAT_CRYPTO_RSA_PSS_PSS_SHA512: leat_crypto_scheme = 2059;
pub type leat_crypto_verdict = u32;
pub const LEAT_CRYPTO_TRUSTED: leat_crypto_verdict = 0;
pub const LEAT_CRYPTO_NO_TIME: leat_crypto_verdict = 1;
pub const LEAT_CRYPTO_EXPIRED: leat_crypto_verdict = 2;
pub const LEAT_CRYPTO_NOT_YET: leat_crypto_verdict = 3;
pub const LEAT_CRYPTO_UNKNOWN_AUTHORITY: leat_crypto_verdict = 4;
pub const LEAT_CRYPTO_WRONG_NAME: leat_crypto_verdict = 5;
pub const LEAT_CRYPTO_BAD_SIGNATURE: leat_crypto_verdict = 6;
pub const LEAT_CRYPTO_WRONG_USAGE: leat_crypto_verdict = 7;
pub const LEAT_CRYPTO_NOT_AUTHORITY: leat_crypto_verdict = 8;
pub const LEAT_CRYPTO_TOO_DEEP: leat_crypto_verdict = 9;
pub const LEAT_CRYPTO_WEAK: leat_crypto_verdict = 10;
pub const LEAT_CRYPTO_UNSUPPORTED: leat_crypto_verdict = 11;
pub const LEAT_CRYPTO_MALFORMED: leat_crypto_verdict = 12;
pub const LEAT_CRYPTO_NO_MEMORY: leat_crypto_verdict = 13;
pub const LEAT_CRYPTO_VERDICTS: leat_crypto_verdict = 14;
pub type leat_dhcp6_news = u32;
pub const LEAT_DHCP6_BOUND: leat_dhcp6_news = 0;
pub const LEAT_DHCP6_RENEWED: leat_dhcp6_news = 1;
pub const LEAT_DHCP6_INFORMED: leat_dhcp6_news = 2;
pub const LEAT_DHCP6_SILENCE: leat_dhcp6_news = 3;
pub const LEAT_DHCP6_REFUSED: leat_dhcp6_news = 4;
pub const LEAT_DHCP6_DECLINED: leat_dhcp6_news = 5;
pub const LEAT_DHCP6_MOVED: leat_dhcp6_news = 6;
pub const LEAT_DHCP6_EXPIRED: leat_dhcp6_news = 7;
pub type leat_dhcp_check = u32;
pub const LEAT_DHCP_CHECK_BESIDE: leat_dhcp_check = 0;
pub const LEAT_DHCP_CHECK_FIRST: leat_dhcp_check = 1;
pub type leat_dhcp_news = u32;
pub const LEAT_DHCP_BOUND: leat_dhcp_news = 0;
pub const LEAT_DHCP_RENEWED: leat_dhcp_news = 1;
pub const LEAT_DHCP_INFORMED: leat_dhcp_news = 2;
pub const LEAT_DHCP_SILENCE: leat_dhcp_news = 3;
pub const LEAT_DHCP_REFUSED: leat_dhcp_news = 4;
pub const LEAT_DHCP_DECLINED: leat_dhcp_news = 5;
pub const LEAT_DHCP_EXPIRED: leat_dhcp_news = 6;
pub const LEAT_DHCP_IPV6_ONLY: leat_dhcp_news = 7;
pub type leat_dns_how = u32;
pub const LEAT_DNS_HOW_ZONE: leat_dns_how = 0;
pub const LEAT_DNS_HOW_CACHE: leat_dns_how = 1;
pub const LEAT_DNS_HOW_STALE: leat_dns_how = 2;
pub const LEAT_DNS_HOW_UPSTREAM: leat_dns_how = 3;
pub const LEAT_DNS_HOW_LOCAL: leat_dns_how = 4;
pub const LEAT_DNS_HOW_BLOCKED: leat_dns_how = 5;
pub const LEAT_DNS_HOW_REFUSED: leat_dns_how = 6;
pub const LEAT_DNS_HOW_LIMITED: leat_dns_how = 7;
pub const LEAT_DNS_HOW_BUSY: leat_dns_how = 8;
pub const LEAT_DNS_HOW_COOKIE: leat_dns_how = 9;
pub type leat_dns_rcode = u32;
pub const LEAT_DNS_NOERROR: leat_dns_rcode = 0;
pub const LEAT_DNS_FORMERR: leat_dns_rcode = 1;
pub const LEAT_DNS_SERVFAIL: leat_dns_rcode = 2;
pub const LEAT_DNS_NXDOMAIN: leat_dns_rcode = 3;
pub const LEAT_DNS_NOTIMP: leat_dns_rcode = 4;
pub const LEAT_DNS_REFUSED: leat_dns_rcode = 5;
pub const LEAT_DNS_BADVERS: leat_dns_rcode = 16;
pub const LEAT_DNS_BADCOOKIE: leat_dns_rcode = 23;
pub type leat_dns_transport = u32;
pub const LEAT_DNS_OVER_UDP: leat_dns_transport = 0;
pub const LEAT_DNS_OVER_TCP: leat_dns_transport = 1;
pub const LEAT_DNS_SLIP: leat_dns_transport = 2;
pub const LEAT_DNS_OVER_TLS: leat_dns_transport = 3;
pub const LEAT_DNS_OVER_HTTPS: leat_dns_transport = 4;
pub type leat_dns_type = u32;
pub const LEAT_DNS_A: leat_dns_type = 1;
pub const LEAT_DNS_NS: leat_dns_type = 2;
pub const LEAT_DNS_CNAME: leat_dns_type = 5;
pub const LEAT_DNS_SOA: leat_dns_type = 6;
pub const LEAT_DNS_PTR: leat_dns_type = 12;
pub const LEAT_DNS_MX: leat_dns_type = 15;
pub const LEAT_DNS_TXT: leat_dns_type = 16;
pub const LEAT_DNS_AAAA: leat_dns_type = 28;
pub const LEAT_DNS_ANY: leat_dns_type = 255;
pub type leat_err = u32;
pub const LEAT_OK: leat_err = 0;
pub const LEAT_ERR_ARGUMENT: leat_err = 1;
pub const LEAT_ERR_MEMORY: leat_err = 2;
pub const LEAT_ERR_ENTROPY: leat_err = 3;
pub const LEAT_ERR_FULL: leat_err = 4;
pub const LEAT_ERR_IN_USE: leat_err = 5;
pub const LEAT_ERR_NO_ROUTE: leat_err = 6;
pub const LEAT_ERR_TOO_BIG: leat_err = 7;
pub const LEAT_ERR_CLOSED: leat_err = 8;
pub const LEAT_ERR_CLOSING: leat_err = 9;
pub const LEAT_ERR_REFUSED: leat_err = 10;
pub const LEAT_ERR_RESET: leat_err = 11;
pub const LEAT_ERR_ABORTED: leat_err = 12;
pub const LEAT_ERR_TIMEOUT: leat_err = 13;
pub const LEAT_ERR_UNREACHABLE: leat_err = 14;
pub const LEAT_ERR_CONFLICT: leat_err = 15;
pub const LEAT_ERR_FORMAT: leat_err = 16;
pub const LEAT_ERR_NOT_FOUND: leat_err = 17;
pub const LEAT_ERR_PROTOCOL: leat_err = 18;
pub const LEAT_ERR_FAMILY: leat_err = 19;
pub const LEAT_ERR_DEVICE: leat_err = 20;
pub const LEAT_ERR_END: leat_err = 21;
pub const LEAT_ERR_CANCELLED: leat_err = 22;
pub const LEAT_ERR_NO_TASK: leat_err = 23;
pub const LEAT_ERR_TLS: leat_err = 24;
pub const LEAT_ERR_CUT_SHORT: leat_err = 25;
pub const LEAT_ERR_SERVERS: leat_err = 26;
pub const LEAT_ERR_UNSUPPORTED: leat_err = 27;
pub const LEAT_ERR_COUNT: leat_err = 28;
pub type leat_forwarder_say = u32;
pub const LEAT_FORWARDER_ASK: leat_forwarder_say = 0;
pub const LEAT_FORWARDER_NXDOMAIN: leat_forwarder_say = 1;
pub const LEAT_FORWARDER_ADDRESS: leat_forwarder_say = 2;
pub const LEAT_FORWARDER_TARGET: leat_forwarder_say = 3;
pub type leat_http_login_answer = u32;
pub const LEAT_HTTP_LOGIN_REFUSED: leat_http_login_answer = 0;
pub const LEAT_HTTP_LOGIN_ALLOWED: leat_http_login_answer = 1;
pub const LEAT_HTTP_LOGIN_LATER: leat_http_login_answer = 2;
pub type leat_http_method = u32;
pub const LEAT_HTTP_GET: leat_http_method = 1;
pub const LEAT_HTTP_HEAD: leat_http_method = 2;
pub const LEAT_HTTP_POST: leat_http_method = 4;
pub const LEAT_HTTP_PUT: leat_http_method = 8;
pub const LEAT_HTTP_PATCH: leat_http_method = 16;
pub const LEAT_HTTP_DELETE: leat_http_method = 32;
pub type leat_multipart_event = u32;
pub const LEAT_MULTIPART_MORE: leat_multipart_event = 0;
pub const LEAT_MULTIPART_PART: leat_multipart_event = 1;
pub const LEAT_MULTIPART_DATA: leat_multipart_event = 2;
pub const LEAT_MULTIPART_END: leat_multipart_event = 3;
pub const LEAT_MULTIPART_OVER: leat_multipart_event = 4;
pub const LEAT_MULTIPART_BAD: leat_multipart_event = 5;
pub type leat_netif_capability = u32;
pub const LEAT_NETIF_GATHER: leat_netif_capability = 1;
pub const LEAT_NETIF_RX_CHECKSUM: leat_netif_capability = 2;
pub const LEAT_NETIF_TX_CHECKSUM: leat_netif_capability = 4;
pub const LEAT_NETIF_TSO: leat_netif_capability = 8;
pub const LEAT_NETIF_GRO: leat_netif_capability = 16;
pub const LEAT_NETIF_NO_PADDING: leat_netif_capability = 32;
pub const LEAT_NETIF_TSO6: leat_netif_capability = 64;
pub const LEAT_NETIF_TAGGED: leat_netif_capability = 128;
pub type leat_sntp_news = u32;
pub const LEAT_SNTP_SET: leat_sntp_news = 0;
pub const LEAT_SNTP_SILENCE: leat_sntp_news = 1;
pub const LEAT_SNTP_PANIC: leat_sntp_news = 2;
pub const LEAT_SNTP_REFUSED: leat_sntp_news = 3;
pub type leat_socket_framing = u32;
pub const LEAT_SOCKET_STREAM: leat_socket_framing = 0;
pub const LEAT_SOCKET_DATAGRAM: leat_socket_framing = 1;
pub type leat_stat = u32;
pub const LEAT_STAT_rx_frames: leat_stat = 0;
pub const LEAT_STAT_rx_loopback: leat_stat = 1;
pub const LEAT_STAT_ip_reassembled: leat_stat = 2;
pub const LEAT_STAT_taken_merged: leat_stat = 3;
pub const LEAT_STAT_taken_arp: leat_stat = 4;
pub const LEAT_STAT_taken_fragment: leat_stat = 5;
pub const LEAT_STAT_taken_icmp: leat_stat = 6;
pub const LEAT_STAT_taken_udp: leat_stat = 7;
pub const LEAT_STAT_taken_tcp: leat_stat = 8;
pub const LEAT_STAT_taken_icmp6: leat_stat = 9;
pub const LEAT_STAT_taken_ndp: leat_stat = 10;
pub const LEAT_STAT_taken_group: leat_stat = 11;
pub const LEAT_STAT_drop_eth_short: leat_stat = 12;
pub const LEAT_STAT_drop_eth_not_ours: leat_stat = 13;
pub const LEAT_STAT_drop_eth_source: leat_stat = 14;
pub const LEAT_STAT_drop_eth_vlan: leat_stat = 15;
pub const LEAT_STAT_drop_eth_type: leat_stat = 16;
pub const LEAT_STAT_drop_arp_format: leat_stat = 17;
pub const LEAT_STAT_drop_arp_sender: leat_stat = 18;
pub const LEAT_STAT_drop_arp_not_ours: leat_stat = 19;
pub const LEAT_STAT_drop_arp_conflict: leat_stat = 20;
pub const LEAT_STAT_drop_ip_header: leat_stat = 21;
pub const LEAT_STAT_drop_ip_checksum: leat_stat = 22;
pub const LEAT_STAT_drop_ip_options: leat_stat = 23;
pub const LEAT_STAT_drop_ip_source: leat_stat = 24;
pub const LEAT_STAT_drop_ip_not_ours: leat_stat = 25;
pub const LEAT_STAT_drop_ip_protocol: leat_stat = 26;
pub const LEAT_STAT_drop_ip_fragment: leat_stat = 27;
pub const LEAT_STAT_drop_ip_fragment_again: leat_stat = 28;
pub const LEAT_STAT_drop_ip_fragment_condemned: leat_stat = 29;
pub const LEAT_STAT_drop_ip_fragment_limit: leat_stat = 30;
pub const LEAT_STAT_drop_icmp_format: leat_stat = 31;
pub const LEAT_STAT_drop_icmp_checksum: leat_stat = 32;
pub const LEAT_STAT_drop_icmp_type: leat_stat = 33;
pub const LEAT_STAT_drop_icmp_broadcast: leat_stat = 34;
pub const LEAT_STAT_drop_icmp_quote: leat_stat = 35;
pub const LEAT_STAT_drop_icmp_blind: leat_stat = 36;
pub const LEAT_STAT_drop_icmp_limit: leat_stat = 37;
pub const LEAT_STAT_drop_ip6_header: leat_stat = 38;
pub const LEAT_STAT_drop_ip6_headers: leat_stat = 39;
pub const LEAT_STAT_drop_ip6_source: leat_stat = 40;
pub const LEAT_STAT_drop_ip6_not_ours: leat_stat = 41;
pub const LEAT_STAT_drop_ip6_protocol: leat_stat = 42;
pub const LEAT_STAT_drop_icmp6_format: leat_stat = 43;
pub const LEAT_STAT_drop_icmp6_checksum: leat_stat = 44;
pub const LEAT_STAT_drop_icmp6_type: leat_stat = 45;
pub const LEAT_STAT_drop_ndp_format: leat_stat = 46;
pub const LEAT_STAT_drop_ndp_not_ours: leat_stat = 47;
pub const LEAT_STAT_drop_group_format: leat_stat = 48;
pub const LEAT_STAT_drop_group_not_ours: leat_stat = 49;
pub const LEAT_STAT_drop_udp_format: leat_stat = 50;
pub const LEAT_STAT_drop_udp_checksum: leat_stat = 51;
pub const LEAT_STAT_drop_udp_port: leat_stat = 52;
pub const LEAT_STAT_drop_udp_full: leat_stat = 53;
pub const LEAT_STAT_drop_tcp_format: leat_stat = 54;
pub const LEAT_STAT_drop_tcp_checksum: leat_stat = 55;
pub const LEAT_STAT_drop_tcp_options: leat_stat = 56;
pub const LEAT_STAT_drop_tcp_flags: leat_stat = 57;
pub const LEAT_STAT_drop_tcp_broadcast: leat_stat = 58;
pub const LEAT_STAT_drop_tcp_port: leat_stat = 59;
pub const LEAT_STAT_drop_tcp_backlog: leat_stat = 60;
pub const LEAT_STAT_drop_tcp_memory: leat_stat = 61;
pub const LEAT_STAT_drop_tcp_unacceptable: leat_stat = 62;
pub const LEAT_STAT_drop_tcp_impossible: leat_stat = 63;
pub const LEAT_STAT_drop_memory: leat_stat = 64;
pub const LEAT_STAT_tx_frames: leat_stat = 65;
pub const LEAT_STAT_tx_dropped: leat_stat = 66;
pub const LEAT_STAT_tx_unresolved: leat_stat = 67;
pub const LEAT_STAT_tx_parked_out: leat_stat = 68;
pub const LEAT_STAT_tx_no_memory: leat_stat = 69;
pub const LEAT_STAT_lends_refused: leat_stat = 70;
pub const LEAT_STAT_copied_tx_bytes: leat_stat = 71;
pub const LEAT_STAT_copied_compact_bytes: leat_stat = 72;
pub const LEAT_STAT_arp_requests_sent: leat_stat = 73;
pub const LEAT_STAT_arp_replies_sent: leat_stat = 74;
pub const LEAT_STAT_arp_conflicts: leat_stat = 75;
pub const LEAT_STAT_arp_claims: leat_stat = 76;
pub const LEAT_STAT_arp_moves: leat_stat = 77;
pub const LEAT_STAT_arp_evictions: leat_stat = 78;
pub const LEAT_STAT_ndp_solicitations_sent: leat_stat = 79;
pub const LEAT_STAT_ndp_advertisements_sent: leat_stat = 80;
pub const LEAT_STAT_ndp_router_solicitations_sent: leat_stat = 81;
pub const LEAT_STAT_ndp_limits_reached: leat_stat = 82;
pub const LEAT_STAT_ndp_parts_ignored: leat_stat = 83;
pub const LEAT_STAT_ndp_redirects: leat_stat = 84;
pub const LEAT_STAT_ndp_conflicts: leat_stat = 85;
pub const LEAT_STAT_ndp_evictions: leat_stat = 86;
pub const LEAT_STAT_group_reports_sent: leat_stat = 87;
pub const LEAT_STAT_ip_fragments_sent: leat_stat = 88;
pub const LEAT_STAT_ip_reassembly_timeouts: leat_stat = 89;
pub const LEAT_STAT_ip_reassembly_failed: leat_stat = 90;
pub const LEAT_STAT_ip_reassembly_evicted: leat_stat = 91;
pub const LEAT_STAT_icmp_echo_replies: leat_stat = 92;
pub const LEAT_STAT_icmp_errors_sent: leat_stat = 93;
pub const LEAT_STAT_icmp_errors_limited: leat_stat = 94;
pub const LEAT_STAT_udp_sent: leat_stat = 95;
pub const LEAT_STAT_tcp_sent: leat_stat = 96;
pub const LEAT_STAT_tcp_rst_sent: leat_stat = 97;
pub const LEAT_STAT_tcp_retransmitted: leat_stat = 98;
pub const LEAT_STAT_tcp_timeouts: leat_stat = 99;
pub const LEAT_STAT_tcp_fast_recoveries: leat_stat = 100;
pub const LEAT_STAT_tcp_undone: leat_stat = 101;
pub const LEAT_STAT_tcp_ecn_reductions: leat_stat = 102;
pub const LEAT_STAT_tcp_lost_again: leat_stat = 103;
pub const LEAT_STAT_tcp_tail_probes: leat_stat = 104;
pub const LEAT_STAT_tcp_probes: leat_stat = 105;
pub const LEAT_STAT_tcp_challenge_acks: leat_stat = 106;
pub const LEAT_STAT_tcp_challenge_limited: leat_stat = 107;
pub const LEAT_STAT_tcp_transfers_short: leat_stat = 108;
pub const LEAT_STAT_tcp_out_of_order: leat_stat = 109;
pub const LEAT_STAT_tcp_cookies_sent: leat_stat = 110;
pub const LEAT_STAT_tcp_cookies_taken: leat_stat = 111;
pub const LEAT_STAT_tcp_fast_opens: leat_stat = 112;
pub const LEAT_STAT_tcp_fast_opens_failed: leat_stat = 113;
pub const LEAT_STAT_tcp_timestamps_missing: leat_stat = 114;
pub const LEAT_STAT_tcp_evicted: leat_stat = 115;
pub const LEAT_STAT_tcp_displaced: leat_stat = 116;
pub const LEAT_STAT_tcp_limits_reached: leat_stat = 117;
pub const LEAT_STAT_tcp_opened_active: leat_stat = 118;
pub const LEAT_STAT_tcp_opened_passive: leat_stat = 119;
pub const LEAT_STAT_tcp_closed: leat_stat = 120;
pub const LEAT_STAT_tcp_failed: leat_stat = 121;
pub const LEAT_STAT_tcp_time_wait_recycled: leat_stat = 122;
pub const LEAT_STAT_COUNT: leat_stat = 123;
pub type leat_stat_group = u32;
pub const LEAT_STAT_IN: leat_stat_group = 0;
pub const LEAT_STAT_TAKEN: leat_stat_group = 1;
pub const LEAT_STAT_DROP: leat_stat_group = 2;
pub const LEAT_STAT_NOTE: leat_stat_group = 3;
pub type leat_syslog_severity = u32;
pub const LEAT_SYSLOG_EMERGENCY: leat_syslog_severity = 0;
pub const LEAT_SYSLOG_ALERT: leat_syslog_severity = 1;
pub const LEAT_SYSLOG_CRITICAL: leat_syslog_severity = 2;
pub const LEAT_SYSLOG_ERROR: leat_syslog_severity = 3;
pub const LEAT_SYSLOG_WARNING: leat_syslog_severity = 4;
pub const LEAT_SYSLOG_NOTICE: leat_syslog_severity = 5;
pub const LEAT_SYSLOG_INFORMATIONAL: leat_syslog_severity = 6;
pub const LEAT_SYSLOG_DEBUG: leat_syslog_severity = 7;
pub type leat_tcp_choice = u32;
pub const LEAT_TCP_AS_STACK: leat_tcp_choice = 0;
pub const LEAT_TCP_ON: leat_tcp_choice = 1;
pub const LEAT_TCP_OFF: leat_tcp_choice = 2;
pub type leat_tcp_ecn = u32;
pub const LEAT_TCP_ECN_ACCEPT: leat_tcp_ecn = 0;
pub const LEAT_TCP_ECN_ASK: leat_tcp_ecn = 1;
pub const LEAT_TCP_ECN_OFF: leat_tcp_ecn = 2;
pub const LEAT_TCP_ECN_ASK_ACCURATE: leat_tcp_ecn = 3;
pub type leat_tcp_repair = u32;
pub const LEAT_TCP_REPAIR_NONE: leat_tcp_repair = 0;
pub const LEAT_TCP_REPAIR_REDUCED: leat_tcp_repair = 1;
pub const LEAT_TCP_REPAIR_FAST: leat_tcp_repair = 2;
pub const LEAT_TCP_REPAIR_LOSS: leat_tcp_repair = 3;
pub type leat_tcp_state = u32;
pub const LEAT_TCP_CLOSED: leat_tcp_state = 0;
pub const LEAT_TCP_LISTEN: leat_tcp_state = 1;
pub const LEAT_TCP_SYN_SENT: leat_tcp_state = 2;
pub const LEAT_TCP_SYN_RECEIVED: leat_tcp_state = 3;
pub const LEAT_TCP_ESTABLISHED: leat_tcp_state = 4;
pub const LEAT_TCP_FIN_WAIT_1: leat_tcp_state = 5;
pub const LEAT_TCP_FIN_WAIT_2: leat_tcp_state = 6;
pub const LEAT_TCP_CLOSE_WAIT: leat_tcp_state = 7;
pub const LEAT_TCP_CLOSING: leat_tcp_state = 8;
pub const LEAT_TCP_LAST_ACK: leat_tcp_state = 9;
pub const LEAT_TCP_TIME_WAIT: leat_tcp_state = 10;
pub type leat_unreachable_how = u32;
pub const LEAT_UNREACHABLE_ARP: leat_unreachable_how = 0;
pub const LEAT_UNREACHABLE_NDP: leat_unreachable_how = 1;
pub const LEAT_UNREACHABLE_ICMP: leat_unreachable_how = 2;
pub const LEAT_UNREACHABLE_ICMP6: leat_unreachable_how = 3;
pub type leat_block_fn = unsafe extern "C" fn(*mut leat_block_request, leat_err, *mut c_void);
pub type leat_connect_fn = unsafe extern "C" fn(*mut leat_connecting, leat_err, *mut leat_tcp, *mut c_void);
pub type leat_crypto_entropy = unsafe extern "C" fn(*mut c_void, *mut c_void, usize) -> leat_err;
pub type leat_http_serve_fn = unsafe extern "C" fn(*mut leat_task, *mut leat_http_flow, *mut c_void) -> leat_err;
pub type leat_link_tap = unsafe extern "C" fn(*mut c_void, i32, u64, *const u8, u32);
pub type leat_lookup_fn = unsafe extern "C" fn(*mut c_void, leat_err, *const leat_dns_result);
pub type leat_serve_fn = unsafe extern "C" fn(*mut leat_task, *mut leat_flow, *mut c_void) -> leat_err;
pub type leat_store_fn = unsafe extern "C" fn(*mut leat_store, *mut leat_store_request, leat_err, *mut c_void);
pub type leat_task_fn = unsafe extern "C" fn(*mut leat_task, *mut c_void) -> leat_err;
pub type leat_timer_fn = unsafe extern "C" fn(*mut leat_timer, *mut c_void);
pub type leat_zip_crc32 = unsafe extern "C" fn(u32, *const c_void, usize) -> u32;
#[repr(C)]
pub struct leat {
    _private: [u8; 0],
    _not_send: core::marker::PhantomData<(*mut u8, core::marker::PhantomPinned)>,
}
#[repr(C)]
#[derive(Clone, Copy)]
pub struct leat_acceptor {
    pub listener: *mut leat_tcp_listener,
    pub tasks: *mut leat_tasks,
    pub waiter: *mut leat_task,
}
zeroed!(leat_acceptor, 24, 8);
offsets!(leat_acceptor, listener 0, tasks 8, waiter 16);
#[repr(C)]
pub struct leat_acme {
    _private: [u8; 0],
    _not_send: core::marker::PhantomData<(*mut u8, core::marker::PhantomPinned)>,
}
#[repr(C)]
#[derive(Clone, Copy)]
pub struct leat_acme_config {
    pub crypto: *const leat_crypto,
    pub client: *mut leat_http_client,
    pub directory: *const c_char,
    pub names: *const *const c_char,
    pub name_count: u8,
    pub contact: *const c_char,
    pub agree: bool,
    pub binding_id: *const c_char,
    pub binding_key: *const c_char,
    pub no_http: bool,
    pub tls: *mut leat_tls,
    pub keep: leat_acme_keep,
    pub attempt_ns: u64,
    pub retry_min_ns: u64,
    pub retry_max_ns: u64,
    pub on_certificate: Option<unsafe extern "C" fn(*mut c_void, *const c_char, usize) -> *const c_char>,
    pub on_line: Option<unsafe extern "C" fn(*mut c_void, *const c_char)>,
    pub arg: *mut c_void,
    pub reserved: [u64; 2],
}
zeroed!(leat_acme_config, 176, 8);
offsets!(leat_acme_config, crypto 0, client 8, directory 16, names 24, name_count 32, contact 40, agree 48, binding_id 56, binding_key 64, no_http 72, tls 80, keep 88, attempt_ns 112, retry_min_ns 120, retry_max_ns 128, on_certificate 136, on_line 144, arg 152, reserved 160);
#[repr(C)]
#[derive(Clone, Copy)]
pub struct leat_acme_info {
    pub state: *const c_char,
    pub busy: bool,
    pub ends_s: u64,
    pub next_s: u64,
    pub orders: u64,
    pub certificates: u64,
    pub failures: u64,
    pub requests: u64,
    pub bad_nonces: u64,
    pub proofs: u64,
    pub strays: u64,
    pub why: *const c_char,
    pub reserved: [u64; 2],
}
zeroed!(leat_acme_info, 112, 8);
offsets!(leat_acme_info, state 0, busy 8, ends_s 16, next_s 24, orders 32, certificates 40, failures 48, requests 56, bad_nonces 64, proofs 72, strays 80, why 88, reserved 96);
#[repr(C)]
#[derive(Clone, Copy)]
pub struct leat_acme_keep {
    pub get: Option<unsafe extern "C" fn(*mut c_void, *mut leat_acme, *const c_char, *mut c_void, usize)>,
    pub put: Option<unsafe extern "C" fn(*mut c_void, *mut leat_acme, *const c_char, *const c_void, usize)>,
    pub context: *mut c_void,
}
zeroed!(leat_acme_keep, 24, 8);
offsets!(leat_acme_keep, get 0, put 8, context 16);
#[repr(C)]
#[derive(Clone, Copy)]
pub struct leat_archive_counts {
    pub files: u32,
    pub folders: u32,
    pub links: u32,
    pub left_out: u32,
}
zeroed!(leat_archive_counts, 16, 4);
offsets!(leat_archive_counts, files 0, folders 4, links 8, left_out 12);
#[repr(C)]
pub struct leat_autoconf {
    _private: [u8; 0],
    _not_send: core::marker::PhantomData<(*mut u8, core::marker::PhantomPinned)>,
}
#[repr(C)]
#[derive(Clone, Copy)]
pub struct leat_autoconf_config {
    pub host_name: *const c_char,
    pub vendor_class: *const c_char,
    pub kept: *const u8,
    pub probe_first: bool,
    pub routes: bool,
    pub link_local: bool,
    pub slaac: bool,
    pub link_local_after_ns: u64,
    pub on_configured: Option<unsafe extern "C" fn(*mut leat_autoconf, *const leat_autoconf_facts, *mut c_void)>,
    pub on_change: Option<unsafe extern "C" fn(*mut leat_autoconf, leat_autoconf_change, *const leat_autoconf_facts, *mut c_void)>,
    pub on_lease: Option<unsafe extern "C" fn(*mut leat_autoconf, *const leat_dhcp_lease, *mut c_void) -> bool>,
    pub arg: *mut c_void,
    pub reserved: [u64; 2],
}
zeroed!(leat_autoconf_config, 88, 8);
offsets!(leat_autoconf_config, host_name 0, vendor_class 8, kept 16, probe_first 24, routes 25, link_local 26, slaac 27, link_local_after_ns 32, on_configured 40, on_change 48, on_lease 56, arg 64, reserved 72);
#[repr(C)]
#[derive(Clone, Copy)]
pub struct leat_autoconf_facts {
    pub ip: leat_ip,
    pub prefix_bits: u8,
    pub is_link_local: bool,
    pub gateway: leat_ip,
    pub mtu: u16,
    pub name_server_count: u8,
    pub ntp_server_count: u8,
    pub name_servers: [leat_ip; 4],
    pub ntp_servers: [leat_ip; 4],
    pub host_name: [c_char; 256],
    pub domain_name: [c_char; 256],
    pub search: [c_char; 256],
    pub ipv6: leat_slaac_facts,
    pub dhcp6: leat_dhcp6_lease,
}
zeroed!(leat_autoconf_facts, 2124, 4);
offsets!(leat_autoconf_facts, ip 0, prefix_bits 16, is_link_local 17, gateway 18, mtu 34, name_server_count 36, ntp_server_count 37, name_servers 38, ntp_servers 102, host_name 166, domain_name 422, search 678, ipv6 934, dhcp6 1312);
#[repr(C)]
#[derive(Clone, Copy)]
pub struct leat_block {
    pub stack: *mut leat,
    pub device: *mut leat_block_device,
    pub waiting: *mut leat_block_request,
    pub end: *mut *mut leat_block_request,
    pub in_flight: u32,
    pub is_fresh: bool,
    pub quiet_since_ns: u64,
    pub look: leat_timer,
    pub counters: leat_block_counters,
}
zeroed!(leat_block, 176, 8);
offsets!(leat_block, stack 0, device 8, waiting 16, end 24, in_flight 32, is_fresh 36, quiet_since_ns 40, look 48, counters 128);
#[repr(C)]
#[derive(Clone, Copy)]
pub struct leat_block_counters {
    pub reads: u64,
    pub writes: u64,
    pub flushes: u64,
    pub sectors_read: u64,
    pub sectors_written: u64,
    pub failed: u64,
}
zeroed!(leat_block_counters, 48, 8);
offsets!(leat_block_counters, reads 0, writes 8, flushes 16, sectors_read 24, sectors_written 32, failed 40);
#[repr(C)]
#[derive(Clone, Copy)]
pub struct leat_block_device {
    pub ops: *const leat_block_ops,
    pub name: *const c_char,
    pub sector_bytes: u32,
    pub sectors: u64,
    pub requests_max: u32,
    pub pieces_max: u32,
    pub piece_bytes_max: u32,
    pub read_only: bool,
    pub discards: bool,
}
zeroed!(leat_block_device, 48, 8);
offsets!(leat_block_device, ops 0, name 8, sector_bytes 16, sectors 24, requests_max 32, pieces_max 36, piece_bytes_max 40, read_only 44, discards 45);
#[repr(C)]
#[derive(Clone, Copy)]
pub struct leat_block_ops {
    pub start: Option<unsafe extern "C" fn(*mut leat_block_device, *mut leat_block_request) -> bool>,
    pub finished: Option<unsafe extern "C" fn(*mut leat_block_device, u64) -> *mut leat_block_request>,
    pub close: Option<unsafe extern "C" fn(*mut leat_block_device)>,
}
zeroed!(leat_block_ops, 24, 8);
offsets!(leat_block_ops, start 0, finished 8, close 16);
#[repr(C)]
#[derive(Clone, Copy)]
pub struct leat_block_request {
    pub what: leat_block_what,
    pub sector: u64,
    pub buf: *mut leat_buf,
    pub on_done: Option<leat_block_fn>,
    pub arg: *mut c_void,
    pub next: *mut leat_block_request,
    pub err: leat_err,
    pub sectors: u32,
}
zeroed!(leat_block_request, 56, 8);
offsets!(leat_block_request, what 0, sector 8, buf 16, on_done 24, arg 32, next 40, err 48, sectors 52);
#[repr(C)]
pub struct leat_blocklist {
    _private: [u8; 0],
    _not_send: core::marker::PhantomData<(*mut u8, core::marker::PhantomPinned)>,
}
#[repr(C)]
#[derive(Clone, Copy)]
pub struct leat_blocklist_answer {
    pub verdict: leat_blocklist_verdict,
    pub has_ip4: bool,
    pub has_ip6: bool,
    pub ip4: leat_ip,
    pub ip6: leat_ip,
    pub labels: u8,
    pub text: u32,
    pub line: u32,
}
zeroed!(leat_blocklist_answer, 48, 4);
offsets!(leat_blocklist_answer, verdict 0, has_ip4 4, has_ip6 5, ip4 6, ip6 22, labels 38, text 40, line 44);
#[repr(C)]
#[derive(Clone, Copy)]
pub struct leat_blocklist_counts {
    pub lines: u64,
    pub names: u64,
    pub again: u64,
    pub local: u64,
    pub other: u64,
    pub other_line: u64,
    pub full: u64,
}
zeroed!(leat_blocklist_counts, 56, 8);
offsets!(leat_blocklist_counts, lines 0, names 8, again 16, local 24, other 32, other_line 40, full 48);
#[repr(C)]
#[derive(Clone, Copy)]
pub struct leat_blocklist_line {
    pub number: u64,
    pub text: [c_char; 80],
}
zeroed!(leat_blocklist_line, 88, 8);
offsets!(leat_blocklist_line, number 0, text 8);
#[repr(C)]
#[derive(Clone, Copy)]
pub struct leat_blocklist_question {
    pub name: *const leat_dns_name,
    pub r#type: u16,
    pub client: leat_ip,
}
zeroed!(leat_blocklist_question, 32, 8);
offsets!(leat_blocklist_question, name 0, r#type 8, client 10);
#[repr(C)]
#[derive(Clone, Copy)]
pub struct leat_blocklist_text {
    pub number: u32,
    pub lines: u64,
    pub understood: u64,
    pub ignored: u64,
    pub refused: u64,
    pub rewrites: u64,
    pub expressions: u64,
    pub expressions_refused: u64,
    pub no_room: u64,
    pub over_limit: u64,
    pub told: u32,
    pub first: [leat_blocklist_line; 4],
}
zeroed!(leat_blocklist_text, 440, 8);
offsets!(leat_blocklist_text, number 0, lines 8, understood 16, ignored 24, refused 32, rewrites 40, expressions 48, expressions_refused 56, no_room 64, over_limit 72, told 80, first 88);
#[repr(C)]
#[derive(Clone, Copy)]
pub union leat_buf_segment_bytes {
    pub segment_bytes: u16,
    pub ip_header_at: u16,
}
#[repr(C)]
#[derive(Clone, Copy)]
pub struct leat_buf {
    pub data: *mut u8,
    pub next: *mut leat_buf,
    pub queued: *mut leat_buf,
    pub owner: *mut leat_buf,
    pub pool: *mut leat_pool,
    pub start: *mut u8,
    pub len: u32,
    pub capacity: u32,
    pub refs: u32,
    pub segment_bytes: leat_buf_segment_bytes,
    pub kind: u8,
    pub checksum: u8,
}
zeroed!(leat_buf, 64, 8);
offsets!(leat_buf, data 0, next 8, queued 16, owner 24, pool 32, start 40, len 48, capacity 52, refs 56, segment_bytes 60, kind 62, checksum 63);
#[repr(C)]
pub struct leat_capture {
    _private: [u8; 0],
    _not_send: core::marker::PhantomData<(*mut u8, core::marker::PhantomPinned)>,
}
#[repr(C)]
#[derive(Clone, Copy)]
pub struct leat_capture_frame {
    pub number: u64,
    pub offset: u64,
    pub time_ns: u64,
    pub bytes: *const u8,
    pub captured_bytes: u32,
    pub wire_bytes: u32,
    pub link_type: u32,
    pub is_made: bool,
    pub direction: leat_capture_direction,
    pub comment: *const c_char,
    pub comment_bytes: u32,
}
zeroed!(leat_capture_frame, 72, 8);
offsets!(leat_capture_frame, number 0, offset 8, time_ns 16, bytes 24, captured_bytes 32, wire_bytes 36, link_type 40, is_made 44, direction 48, comment 56, comment_bytes 64);
#[repr(C)]
#[derive(Clone, Copy)]
pub struct leat_capture_left_out {
    pub frames: u64,
    pub link_type: u32,
    pub name: *const c_char,
}
zeroed!(leat_capture_left_out, 24, 8);
offsets!(leat_capture_left_out, frames 0, link_type 8, name 16);
#[repr(C)]
#[derive(Clone, Copy)]
pub struct leat_capture_source {
    pub read: Option<unsafe extern "C" fn(*mut c_void, *mut u8, usize, *mut c_char) -> isize>,
    pub close: Option<unsafe extern "C" fn(*mut c_void)>,
    pub arg: *mut c_void,
    pub offset_note: *const c_char,
}
zeroed!(leat_capture_source, 32, 8);
offsets!(leat_capture_source, read 0, close 8, arg 16, offset_note 24);
#[repr(C)]
#[derive(Clone, Copy)]
pub struct leat_channel {
    pub tasks: *mut leat_tasks,
    pub items: *mut *mut c_void,
    pub count_max: u32,
    pub count: u32,
    pub first: u32,
    pub closed: bool,
    pub senders: [*mut c_void; 2],
    pub receivers: [*mut c_void; 2],
}
zeroed!(leat_channel, 64, 8);
offsets!(leat_channel, tasks 0, items 8, count_max 16, count 20, first 24, closed 28, senders 32, receivers 48);
#[repr(C)]
#[derive(Clone, Copy)]
pub struct leat_civil_date {
    pub year: u16,
    pub month: u8,
    pub day: u8,
    pub hour: u8,
    pub minute: u8,
    pub second: u8,
    pub weekday: u8,
}
zeroed!(leat_civil_date, 8, 2);
offsets!(leat_civil_date, year 0, month 2, day 3, hour 4, minute 5, second 6, weekday 7);
#[repr(C)]
#[derive(Clone, Copy)]
pub struct leat_config {
    pub seed: [u8; 32],
    pub buf_count: u32,
    pub buf_bytes: u32,
    pub small_count: u32,
    pub view_count: u32,
    pub burst_frames: u16,
    pub tx_queue_frames: u16,
    pub arp_entries: u16,
    pub arp_parked: u8,
    pub arp_shared: u16,
    pub arp_probe: bool,
    pub routes: u16,
    pub reassemblies: u16,
    pub reassembly_fragments: u16,
    pub reassembly_bytes: u32,
    pub icmp_errors_per_s: u32,
    pub icmp_echo_per_s: u32,
    pub now_ns: u64,
    pub ttl: u8,
    pub drain_ns: u64,
    pub on_conflict: Option<unsafe extern "C" fn(*mut leat, *mut leat_netif, leat_ip, *mut c_void)>,
    pub on_address: Option<unsafe extern "C" fn(*mut leat, *mut leat_netif, leat_ip, *mut c_void)>,
    pub arg: *mut c_void,
    pub reserved: [u64; 2],
}
zeroed!(leat_config, 144, 8);
offsets!(leat_config, seed 0, buf_count 32, buf_bytes 36, small_count 40, view_count 44, burst_frames 48, tx_queue_frames 50, arp_entries 52, arp_parked 54, arp_shared 56, arp_probe 58, routes 60, reassemblies 62, reassembly_fragments 64, reassembly_bytes 68, icmp_errors_per_s 72, icmp_echo_per_s 76, now_ns 80, ttl 88, drain_ns 96, on_conflict 104, on_address 112, arg 120, reserved 128);
#[repr(C)]
#[derive(Clone, Copy)]
pub struct leat_connect_config {
    pub resolver: *mut leat_resolver,
    pub hosts: *const c_char,
    pub search: *const c_char,
    pub ndots: u8,
    pub no_ipv6: bool,
    pub resolution_delay_ns: u64,
    pub attempt_delay_ns: u64,
    pub reserved: [u64; 2],
}
zeroed!(leat_connect_config, 64, 8);
offsets!(leat_connect_config, resolver 0, hosts 8, search 16, ndots 24, no_ipv6 25, resolution_delay_ns 32, attempt_delay_ns 40, reserved 48);
#[repr(C)]
#[derive(Clone, Copy)]
pub struct leat_connect_lookup {
    pub connecting: *mut leat_connecting,
    pub lookup: *mut leat_lookup,
    pub err: leat_err,
    pub refusal: leat_refusal,
}
zeroed!(leat_connect_lookup, 56, 8);
offsets!(leat_connect_lookup, connecting 0, lookup 8, err 16, refusal 24);
#[repr(C)]
#[derive(Clone, Copy)]
pub struct leat_connect_try {
    pub remote: leat_endpoint,
    pub state: leat_connect_state,
    pub err: leat_err,
    pub report: leat_unreachable,
    pub no_address: bool,
    pub begun_ns: u64,
    pub conn: *mut leat_tcp,
    pub connecting: *mut leat_connecting,
}
zeroed!(leat_connect_try, 112, 8);
offsets!(leat_connect_try, remote 0, state 20, err 24, report 32, no_address 80, begun_ns 88, conn 96, connecting 104);
#[repr(C)]
#[derive(Clone, Copy)]
pub struct leat_connecting {
    pub on_done: Option<leat_connect_fn>,
    pub arg: *mut c_void,
    pub host: [c_char; 256],
    pub try_count: u8,
    pub tries: [leat_connect_try; 8],
    pub stack: *mut leat,
    pub config: *const leat_connect_config,
    pub lookups: [leat_connect_lookup; 2],
    pub host_name: leat_dns_name,
    pub name: leat_dns_name,
    pub timer: leat_timer,
    pub deadline_ns: u64,
    pub next_ns: u64,
    pub port: u16,
    pub candidate: u16,
    pub err: leat_err,
    pub asks: bool,
    pub last_was_ipv6: bool,
    pub runs: bool,
    pub probes: bool,
}
zeroed!(leat_connecting, 1928, 8);
offsets!(leat_connecting, on_done 0, arg 8, host 16, try_count 272, tries 280, stack 1176, config 1184, lookups 1192, host_name 1304, name 1560, timer 1816, deadline_ns 1896, next_ns 1904, port 1912, candidate 1914, err 1916, asks 1920, last_was_ipv6 1921, runs 1922, probes 1923);
#[repr(C)]
#[derive(Clone, Copy)]
pub struct leat_crypto {
    pub ops: *const leat_crypto_ops,
    pub self_: *mut c_void,
}
zeroed!(leat_crypto, 16, 8);
offsets!(leat_crypto, ops 0, self_ 8);
#[repr(C)]
#[derive(Clone, Copy)]
pub struct leat_crypto_aead_key {
    pub bytes: [u8; 32],
    pub aead: u8,
}
zeroed!(leat_crypto_aead_key, 33, 1);
offsets!(leat_crypto_aead_key, bytes 0, aead 32);
#[repr(C)]
#[derive(Clone, Copy)]
pub struct leat_crypto_anchors {
    pub list: *const c_void,
    pub count: usize,
}
zeroed!(leat_crypto_anchors, 16, 8);
offsets!(leat_crypto_anchors, list 0, count 8);
#[repr(C)]
#[derive(Clone, Copy)]
pub struct leat_crypto_certificate {
    pub pieces: *const leat_crypto_piece,
    pub count: usize,
}
zeroed!(leat_crypto_certificate, 16, 8);
offsets!(leat_crypto_certificate, pieces 0, count 8);
#[repr(C)]
#[derive(Clone, Copy)]
pub struct leat_crypto_chain {
    pub certificates: *const leat_crypto_certificate,
    pub count: usize,
    pub anchors: *const leat_crypto_anchors,
    pub name: *const c_char,
    pub civil_s: u64,
}
zeroed!(leat_crypto_chain, 40, 8);
offsets!(leat_crypto_chain, certificates 0, count 8, anchors 16, name 24, civil_s 32);
#[repr(C)]
#[derive(Clone, Copy)]
pub struct leat_crypto_hashing {
    pub state: [u64; 28],
}
zeroed!(leat_crypto_hashing, 224, 8);
offsets!(leat_crypto_hashing, state 0);
#[repr(C)]
#[derive(Clone, Copy)]
pub struct leat_crypto_job {
    pub nonce: *const u8,
    pub aad: *const u8,
    pub aad_len: usize,
    pub r#in: *const leat_crypto_piece,
    pub in_count: usize,
    pub out: *const leat_crypto_piece,
    pub out_count: usize,
}
zeroed!(leat_crypto_job, 56, 8);
offsets!(leat_crypto_job, nonce 0, aad 8, aad_len 16, r#in 24, in_count 32, out 40, out_count 48);
#[repr(C)]
#[derive(Clone, Copy)]
pub struct leat_crypto_ops {
    pub name: Option<unsafe extern "C" fn(*mut c_void) -> *const c_char>,
    pub random: Option<unsafe extern "C" fn(*mut c_void, *mut c_void, usize) -> bool>,
    pub reseed: Option<unsafe extern "C" fn(*mut c_void) -> bool>,
    pub hash_open: Option<unsafe extern "C" fn(*mut c_void, *mut leat_crypto_hashing, leat_crypto_hash) -> bool>,
    pub hash_update: Option<unsafe extern "C" fn(*mut c_void, *mut leat_crypto_hashing, *const c_void, usize) -> bool>,
    pub hash_digest: Option<unsafe extern "C" fn(*mut c_void, *const leat_crypto_hashing, *mut u8) -> bool>,
    pub hash_close: Option<unsafe extern "C" fn(*mut c_void, *mut leat_crypto_hashing)>,
    pub hmac: Option<unsafe extern "C" fn(*mut c_void, leat_crypto_hash, *const u8, usize, *const leat_crypto_piece, usize, *mut u8) -> bool>,
    pub supports_aead: Option<unsafe extern "C" fn(*mut c_void, leat_crypto_aead) -> bool>,
    pub seal: Option<unsafe extern "C" fn(*mut c_void, *const leat_crypto_aead_key, *const leat_crypto_job, *mut u8) -> bool>,
    pub open: Option<unsafe extern "C" fn(*mut c_void, *const leat_crypto_aead_key, *const leat_crypto_job, *const u8) -> bool>,
    pub supports_group: Option<unsafe extern "C" fn(*mut c_void, leat_crypto_group) -> bool>,
    pub share_open: Option<unsafe extern "C" fn(*mut c_void, *mut leat_crypto_share, leat_crypto_group, *mut u8, *mut usize) -> bool>,
    pub share_derive: Option<unsafe extern "C" fn(*mut c_void, *mut leat_crypto_share, *const u8, usize, *mut u8, *mut usize) -> bool>,
    pub share_close: Option<unsafe extern "C" fn(*mut c_void, *mut leat_crypto_share)>,
    pub share_answer: Option<unsafe extern "C" fn(*mut c_void, leat_crypto_group, *const u8, usize, *mut u8, *mut usize, *mut u8, *mut usize) -> bool>,
    pub supports_scheme: Option<unsafe extern "C" fn(*mut c_void, leat_crypto_scheme) -> bool>,
    pub private_open: Option<unsafe extern "C" fn(*mut c_void, *mut leat_crypto_private, *const c_void, usize) -> leat_err>,
    pub private_close: Option<unsafe extern "C" fn(*mut c_void, *mut leat_crypto_private)>,
    pub private_can: Option<unsafe extern "C" fn(*mut c_void, *const leat_crypto_private, leat_crypto_scheme) -> bool>,
    pub private_fits: Option<unsafe extern "C" fn(*mut c_void, *const leat_crypto_private, *const leat_crypto_public) -> bool>,
    pub sign: Option<unsafe extern "C" fn(*mut c_void, *const leat_crypto_private, leat_crypto_scheme, *const leat_crypto_piece, usize, *mut u8, *mut usize) -> bool>,
    pub verify: Option<unsafe extern "C" fn(*mut c_void, *const leat_crypto_public, leat_crypto_scheme, *const leat_crypto_piece, usize, *const u8, usize) -> bool>,
    pub public_open: Option<unsafe extern "C" fn(*mut c_void, *mut leat_crypto_public, *const leat_crypto_certificate) -> leat_crypto_verdict>,
    pub public_close: Option<unsafe extern "C" fn(*mut c_void, *mut leat_crypto_public)>,
    pub pin: Option<unsafe extern "C" fn(*mut c_void, *const leat_crypto_certificate, *mut u8) -> bool>,
    pub anchors_open: Option<unsafe extern "C" fn(*mut c_void, *mut leat_crypto_anchors, *const c_void, usize, *mut c_void, usize) -> leat_err>,
    pub anchors_close: Option<unsafe extern "C" fn(*mut c_void, *mut leat_crypto_anchors)>,
    pub check_chain: Option<unsafe extern "C" fn(*mut c_void, *const leat_crypto_chain, *mut leat_crypto_public) -> leat_crypto_verdict>,
    pub private_make: Option<unsafe extern "C" fn(*mut c_void, *mut u8) -> bool>,
    pub stretch: Option<unsafe extern "C" fn(*mut c_void, *const leat_crypto_stretch, *mut u8) -> bool>,
}
zeroed!(leat_crypto_ops, 248, 8);
offsets!(leat_crypto_ops, name 0, random 8, reseed 16, hash_open 24, hash_update 32, hash_digest 40, hash_close 48, hmac 56, supports_aead 64, seal 72, open 80, supports_group 88, share_open 96, share_derive 104, share_close 112, share_answer 120, supports_scheme 128, private_open 136, private_close 144, private_can 152, private_fits 160, sign 168, verify 176, public_open 184, public_close 192, pin 200, anchors_open 208, anchors_close 216, check_chain 224, private_make 232, stretch 240);
#[repr(C)]
#[derive(Clone, Copy)]
pub struct leat_crypto_pem {
    pub label: *const c_char,
    pub label_len: usize,
    pub der_len: usize,
}
zeroed!(leat_crypto_pem, 24, 8);
offsets!(leat_crypto_pem, label 0, label_len 8, der_len 16);
#[repr(C)]
#[derive(Clone, Copy)]
pub struct leat_crypto_piece {
    pub bytes: *mut u8,
    pub len: usize,
}
zeroed!(leat_crypto_piece, 16, 8);
offsets!(leat_crypto_piece, bytes 0, len 8);
#[repr(C)]
#[derive(Clone, Copy)]
pub struct leat_crypto_private {
    pub state: [u64; 184],
}
zeroed!(leat_crypto_private, 1472, 8);
offsets!(leat_crypto_private, state 0);
#[repr(C)]
#[derive(Clone, Copy)]
pub struct leat_crypto_public {
    pub state: [u64; 72],
}
zeroed!(leat_crypto_public, 576, 8);
offsets!(leat_crypto_public, state 0);
#[repr(C)]
#[derive(Clone, Copy)]
pub struct leat_crypto_share {
    pub state: [u64; 8],
}
zeroed!(leat_crypto_share, 64, 8);
offsets!(leat_crypto_share, state 0);
#[repr(C)]
#[derive(Clone, Copy)]
pub struct leat_crypto_stretch {
    pub hash: leat_crypto_hash,
    pub rounds: u32,
    pub password: *const c_void,
    pub password_len: usize,
    pub salt: *const c_void,
    pub salt_len: usize,
}
zeroed!(leat_crypto_stretch, 40, 8);
offsets!(leat_crypto_stretch, hash 0, rounds 4, password 8, password_len 16, salt 24, salt_len 32);
#[repr(C)]
pub struct leat_dashboard {
    _private: [u8; 0],
    _not_send: core::marker::PhantomData<(*mut u8, core::marker::PhantomPinned)>,
}
#[repr(C)]
#[derive(Clone, Copy)]
pub struct leat_dashboard_config {
    pub title: *const c_char,
    pub interval_ns: u64,
    pub samples: u16,
    pub http: Option<unsafe extern "C" fn(*mut c_void) -> *const leat_http_server_counts>,
    pub http_arg: *mut c_void,
    pub reserved: [u64; 2],
}
zeroed!(leat_dashboard_config, 56, 8);
offsets!(leat_dashboard_config, title 0, interval_ns 8, samples 16, http 24, http_arg 32, reserved 40);
#[repr(C)]
#[derive(Clone, Copy)]
pub struct leat_datagram {
    pub payload: *mut leat_buf,
    pub peer: leat_endpoint,
    pub local: leat_endpoint,
}
zeroed!(leat_datagram, 48, 8);
offsets!(leat_datagram, payload 0, peer 8, local 28);
#[repr(C)]
pub struct leat_dhcp {
    _private: [u8; 0],
    _not_send: core::marker::PhantomData<(*mut u8, core::marker::PhantomPinned)>,
}
#[repr(C)]
pub struct leat_dhcp6 {
    _private: [u8; 0],
    _not_send: core::marker::PhantomData<(*mut u8, core::marker::PhantomPinned)>,
}
#[repr(C)]
#[derive(Clone, Copy)]
pub struct leat_dhcp6_config {
    pub duid: *const u8,
    pub duid_bytes: u8,
    pub iaid: u32,
    pub rapid_commit: bool,
    pub start_delay_ns: u64,
    pub lease_s_min: u32,
    pub on_news: Option<unsafe extern "C" fn(*mut leat_dhcp6, leat_dhcp6_news, *const leat_dhcp6_lease, *mut c_void)>,
    pub on_transition: Option<unsafe extern "C" fn(*mut c_void, u8, u8, u8)>,
    pub arg: *mut c_void,
    pub reserved: [u64; 2],
}
zeroed!(leat_dhcp6_config, 80, 8);
offsets!(leat_dhcp6_config, duid 0, duid_bytes 8, iaid 12, rapid_commit 16, start_delay_ns 24, lease_s_min 32, on_news 40, on_transition 48, arg 56, reserved 64);
#[repr(C)]
#[derive(Clone, Copy)]
pub struct leat_dhcp6_counts {
    pub sent: u64,
    pub unsent: u64,
    pub taken: u64,
    pub drop_format: u64,
    pub drop_foreign: u64,
    pub drop_server: u64,
    pub drop_status: u64,
    pub drop_address: u64,
    pub drop_time: u64,
    pub drop_forced: u64,
    pub ignored_parts: u64,
}
zeroed!(leat_dhcp6_counts, 88, 8);
offsets!(leat_dhcp6_counts, sent 0, unsent 8, taken 16, drop_format 24, drop_foreign 32, drop_server 40, drop_status 48, drop_address 56, drop_time 64, drop_forced 72, ignored_parts 80);
#[repr(C)]
#[derive(Clone, Copy)]
pub struct leat_dhcp6_lease {
    pub ip: leat_ip,
    pub preferred_s: u32,
    pub valid_s: u32,
    pub renew_s: u32,
    pub rebind_s: u32,
    pub refresh_s: u32,
    pub name_server_count: u8,
    pub ntp_server_count: u8,
    pub server_bytes: u8,
    pub name_servers: [leat_ip; 4],
    pub ntp_servers: [leat_ip; 4],
    pub search: [c_char; 256],
    pub ntp_names: [c_char; 256],
    pub server: [u8; 130],
    pub ignored_parts: u8,
    pub ignored_option: u16,
}
zeroed!(leat_dhcp6_lease, 812, 4);
offsets!(leat_dhcp6_lease, ip 0, preferred_s 16, valid_s 20, renew_s 24, rebind_s 28, refresh_s 32, name_server_count 36, ntp_server_count 37, server_bytes 38, name_servers 39, ntp_servers 103, search 167, ntp_names 423, server 679, ignored_parts 809, ignored_option 810);
#[repr(C)]
#[derive(Clone, Copy)]
pub struct leat_dhcp_config {
    pub host_name: *const c_char,
    pub vendor_class: *const c_char,
    pub client_id: *const u8,
    pub client_id_bytes: u8,
    pub check: leat_dhcp_check,
    pub rapid_commit: bool,
    pub routes: bool,
    pub ipv6_only: bool,
    pub broadcast: bool,
    pub start_delay_ns: u64,
    pub retry_ns: u64,
    pub lease_s_min: u32,
    pub on_lease: Option<unsafe extern "C" fn(*mut leat_dhcp, *const leat_dhcp_lease, *mut c_void) -> bool>,
    pub on_news: Option<unsafe extern "C" fn(*mut leat_dhcp, leat_dhcp_news, *const leat_dhcp_lease, *mut c_void)>,
    pub on_transition: Option<unsafe extern "C" fn(*mut c_void, u8, u8, u8)>,
    pub arg: *mut c_void,
    pub reserved: [u64; 2],
}
zeroed!(leat_dhcp_config, 112, 8);
offsets!(leat_dhcp_config, host_name 0, vendor_class 8, client_id 16, client_id_bytes 24, check 28, rapid_commit 32, routes 33, ipv6_only 34, broadcast 35, start_delay_ns 40, retry_ns 48, lease_s_min 56, on_lease 64, on_news 72, on_transition 80, arg 88, reserved 96);
#[repr(C)]
#[derive(Clone, Copy)]
pub struct leat_dhcp_counts {
    pub sent: u64,
    pub unsent: u64,
    pub taken: u64,
    pub drop_late: u64,
    pub drop_format: u64,
    pub drop_foreign: u64,
    pub drop_server: u64,
    pub drop_address: u64,
    pub drop_time: u64,
    pub drop_forced: u64,
    pub ignored_parts: u64,
}
zeroed!(leat_dhcp_counts, 88, 8);
offsets!(leat_dhcp_counts, sent 0, unsent 8, taken 16, drop_late 24, drop_format 32, drop_foreign 40, drop_server 48, drop_address 56, drop_time 64, drop_forced 72, ignored_parts 80);
#[repr(C)]
#[derive(Clone, Copy)]
pub struct leat_dhcp_lease {
    pub ip: leat_ip,
    pub prefix_bits: u8,
    pub server: leat_ip,
    pub lease_s: u32,
    pub renew_s: u32,
    pub rebind_s: u32,
    pub ipv6_only_s: u32,
    pub mtu: u16,
    pub router_count: u8,
    pub name_server_count: u8,
    pub ntp_server_count: u8,
    pub route_count: u8,
    pub vendor_bytes: u8,
    pub ignored_parts: u8,
    pub ignored_option: u8,
    pub routers: [leat_ip; 4],
    pub name_servers: [leat_ip; 4],
    pub ntp_servers: [leat_ip; 4],
    pub routes: [leat_dhcp_route; 16],
    pub vendor: [u8; 255],
    pub host_name: [c_char; 256],
    pub domain_name: [c_char; 256],
    pub search: [c_char; 256],
}
zeroed!(leat_dhcp_lease, 1804, 4);
offsets!(leat_dhcp_lease, ip 0, prefix_bits 16, server 17, lease_s 36, renew_s 40, rebind_s 44, ipv6_only_s 48, mtu 52, router_count 54, name_server_count 55, ntp_server_count 56, route_count 57, vendor_bytes 58, ignored_parts 59, ignored_option 60, routers 61, name_servers 125, ntp_servers 189, routes 253, vendor 781, host_name 1036, domain_name 1292, search 1548);
#[repr(C)]
#[derive(Clone, Copy)]
pub struct leat_dhcp_route {
    pub network: leat_ip,
    pub gateway: leat_ip,
    pub prefix_bits: u8,
}
zeroed!(leat_dhcp_route, 33, 1);
offsets!(leat_dhcp_route, network 0, gateway 16, prefix_bits 32);
#[repr(C)]
#[derive(Clone, Copy)]
pub struct leat_dns_access {
    pub name: *const leat_dns_name,
    pub r#type: u16,
    pub rcode: u16,
    pub extended_error: u16,
    pub how: leat_dns_how,
    pub reply_bytes: u32,
    pub took_ns: u64,
    pub peer: leat_ip,
    pub transport: leat_dns_transport,
    pub complete: bool,
}
zeroed!(leat_dns_access, 56, 8);
offsets!(leat_dns_access, name 0, r#type 8, rcode 10, extended_error 12, how 16, reply_bytes 20, took_ns 24, peer 32, transport 48, complete 52);
#[repr(C)]
#[derive(Clone, Copy)]
pub struct leat_dns_name {
    pub len: u8,
    pub wire: [u8; 255],
}
zeroed!(leat_dns_name, 256, 1);
offsets!(leat_dns_name, len 0, wire 1);
#[repr(C)]
#[derive(Clone, Copy)]
pub struct leat_dns_record {
    pub message: *const u8,
    pub message_len: usize,
    pub owner_at: usize,
    pub rdata_at: usize,
    pub rdata_len: u16,
    pub r#type: u16,
    pub class_number: u16,
    pub ttl_s: u32,
}
zeroed!(leat_dns_record, 48, 8);
offsets!(leat_dns_record, message 0, message_len 8, owner_at 16, rdata_at 24, rdata_len 32, r#type 34, class_number 36, ttl_s 40);
#[repr(C)]
#[derive(Clone, Copy)]
pub struct leat_dns_result {
    pub rcode: u32,
    pub server: leat_endpoint,
    pub refusal: leat_refusal,
    pub name: leat_dns_name,
    pub r#type: u16,
    pub message: *const u8,
    pub message_len: usize,
    pub answers_at: usize,
    pub answers_end: usize,
}
zeroed!(leat_dns_result, 352, 8);
offsets!(leat_dns_result, rcode 0, server 4, refusal 24, name 56, r#type 312, message 320, message_len 328, answers_at 336, answers_end 344);
#[repr(C)]
pub struct leat_dns_server {
    _private: [u8; 0],
    _not_send: core::marker::PhantomData<(*mut u8, core::marker::PhantomPinned)>,
}
#[repr(C)]
#[derive(Clone, Copy)]
pub struct leat_dns_server_config {
    pub zones: leat_dns_zones,
    pub ip: leat_ip,
    pub port: u16,
    pub clients: u16,
    pub tcp_reply_bytes: u32,
    pub idle_ns: u64,
    pub progress_bytes: u32,
    pub replies_per_s: u32,
    pub no_rate_limit: bool,
    pub no_cookies: bool,
    pub on_access: Option<unsafe extern "C" fn(*mut c_void, *const leat_dns_access)>,
    pub on_access_arg: *mut c_void,
    pub reserved: [u64; 2],
}
zeroed!(leat_dns_server_config, 96, 8);
offsets!(leat_dns_server_config, zones 0, ip 16, port 32, clients 34, tcp_reply_bytes 36, idle_ns 40, progress_bytes 48, replies_per_s 52, no_rate_limit 56, no_cookies 57, on_access 64, on_access_arg 72, reserved 80);
#[repr(C)]
#[derive(Clone, Copy)]
pub struct leat_dns_server_counts {
    pub udp_queries: u64,
    pub tcp_queries: u64,
    pub replies: u64,
    pub truncated: u64,
    pub rate_slipped: u64,
    pub rate_dropped: u64,
    pub rate_proven: u64,
    pub drop_format: u64,
    pub drop_memory: u64,
    pub tcp_bad_length: u64,
    pub tcp_idle: u64,
    pub tcp_displaced: u64,
    pub tcp_outdated: u64,
}
zeroed!(leat_dns_server_counts, 104, 8);
offsets!(leat_dns_server_counts, udp_queries 0, tcp_queries 8, replies 16, truncated 24, rate_slipped 32, rate_dropped 40, rate_proven 48, drop_format 56, drop_memory 64, tcp_bad_length 72, tcp_idle 80, tcp_displaced 88, tcp_outdated 96);
#[repr(C)]
pub struct leat_dns_zone {
    _private: [u8; 0],
    _not_send: core::marker::PhantomData<(*mut u8, core::marker::PhantomPinned)>,
}
#[repr(C)]
#[derive(Clone, Copy)]
pub struct leat_dns_zone_error {
    pub line: u32,
    pub column: u32,
    pub text: *const c_char,
}
zeroed!(leat_dns_zone_error, 16, 8);
offsets!(leat_dns_zone_error, line 0, column 4, text 8);
#[repr(C)]
#[derive(Clone, Copy)]
pub struct leat_dns_zones {
    pub list: *const *const leat_dns_zone,
    pub count: u32,
}
zeroed!(leat_dns_zones, 16, 8);
offsets!(leat_dns_zones, list 0, count 8);
#[repr(C)]
pub struct leat_doh {
    _private: [u8; 0],
    _not_send: core::marker::PhantomData<(*mut u8, core::marker::PhantomPinned)>,
}
#[repr(C)]
pub struct leat_doh_client {
    _private: [u8; 0],
    _not_send: core::marker::PhantomData<(*mut u8, core::marker::PhantomPinned)>,
}
#[repr(C)]
#[derive(Clone, Copy)]
pub struct leat_doh_client_config {
    pub tls_connect: Option<unsafe extern "C" fn(*mut leat_tls, *const leat_stream, *const leat_tls_client, *mut leat_stream) -> leat_err>,
    pub tls_info: Option<unsafe extern "C" fn(*const leat_stream, *mut leat_tls_info)>,
    pub carrier: *const leat_http_carrier,
    pub connections: u16,
    pub queries: u16,
    pub reserved: [u64; 2],
}
zeroed!(leat_doh_client_config, 48, 8);
offsets!(leat_doh_client_config, tls_connect 0, tls_info 8, carrier 16, connections 24, queries 26, reserved 32);
#[repr(C)]
#[derive(Clone, Copy)]
pub struct leat_doh_client_counts {
    pub queries: u64,
    pub replies: u64,
    pub refused: u64,
    pub lost: u64,
}
zeroed!(leat_doh_client_counts, 32, 8);
offsets!(leat_doh_client_counts, queries 0, replies 8, refused 16, lost 24);
#[repr(C)]
#[derive(Clone, Copy)]
pub struct leat_doh_config {
    pub forwarder: *mut leat_forwarder,
    pub clients: u16,
    pub reserved: [u64; 2],
}
zeroed!(leat_doh_config, 32, 8);
offsets!(leat_doh_config, forwarder 0, clients 8, reserved 16);
#[repr(C)]
#[derive(Clone, Copy)]
pub struct leat_doh_counts {
    pub queries: u64,
    pub replies: u64,
    pub malformed: u64,
    pub types: u64,
    pub busy: u64,
    pub failed: u64,
}
zeroed!(leat_doh_counts, 48, 8);
offsets!(leat_doh_counts, queries 0, replies 8, malformed 16, types 24, busy 32, failed 40);
#[repr(C)]
#[derive(Clone, Copy)]
pub struct leat_doh_server {
    pub tls: leat_tls_client,
    pub url: *const c_char,
    pub client: *mut leat_doh_client,
    pub reserved: [u64; 2],
}
zeroed!(leat_doh_server, 120, 8);
offsets!(leat_doh_server, tls 0, url 88, client 96, reserved 104);
#[repr(C)]
#[derive(Clone, Copy)]
pub struct leat_drained {
    pub finished: u32,
    pub closed: u32,
    pub reset: u32,
}
zeroed!(leat_drained, 12, 4);
offsets!(leat_drained, finished 0, closed 4, reset 8);
#[repr(C)]
#[derive(Clone, Copy)]
pub struct leat_drainer {
    pub is_busy: Option<unsafe extern "C" fn(*mut leat_drainer) -> bool>,
    pub next: *mut leat_drainer,
}
zeroed!(leat_drainer, 16, 8);
offsets!(leat_drainer, is_busy 0, next 8);
#[repr(C)]
#[derive(Clone, Copy)]
pub struct leat_endpoint {
    pub ip: leat_ip,
    pub port: u16,
    pub zone: u8,
}
zeroed!(leat_endpoint, 20, 2);
offsets!(leat_endpoint, ip 0, port 16, zone 18);
#[repr(C)]
#[derive(Clone, Copy)]
pub struct leat_file {
    pub path: *const c_char,
    pub path_len: usize,
    pub len: u64,
    pub modified_s: i64,
    pub is_folder: bool,
    pub bytes: *const c_void,
    pub source: *mut leat_files,
    pub place: u64,
    pub tag: u64,
}
zeroed!(leat_file, 72, 8);
offsets!(leat_file, path 0, path_len 8, len 16, modified_s 24, is_folder 32, bytes 40, source 48, place 56, tag 64);
#[repr(C)]
#[derive(Clone, Copy)]
pub struct leat_files {
    pub find: Option<unsafe extern "C" fn(*mut leat_files, *const c_char, usize, *mut leat_file) -> leat_err>,
    pub next: Option<unsafe extern "C" fn(*mut leat_files, *const c_char, usize, *mut u64, *mut leat_file) -> leat_err>,
    pub read: Option<unsafe extern "C" fn(*const leat_file, u64, *mut c_void, usize, *mut usize) -> leat_err>,
    pub release: Option<unsafe extern "C" fn(*mut leat_files, *const leat_file)>,
}
zeroed!(leat_files, 32, 8);
offsets!(leat_files, find 0, next 8, read 16, release 24);
#[repr(C)]
#[derive(Clone, Copy)]
pub struct leat_files_built_in {
    pub files: leat_files,
    pub list: *const leat_file,
    pub count: usize,
}
zeroed!(leat_files_built_in, 48, 8);
offsets!(leat_files_built_in, files 0, list 32, count 40);
#[repr(C)]
#[derive(Clone, Copy)]
pub struct leat_files_layers {
    pub files: leat_files,
    pub layers: [*mut leat_files; 4],
    pub count: u32,
}
zeroed!(leat_files_layers, 72, 8);
offsets!(leat_files_layers, files 0, layers 32, count 64);
#[repr(C)]
#[derive(Clone, Copy)]
pub struct leat_files_medium {
    pub len: u64,
    pub read: Option<unsafe extern "C" fn(*mut leat_files_medium, u64, *mut c_void, usize) -> bool>,
}
zeroed!(leat_files_medium, 16, 8);
offsets!(leat_files_medium, len 0, read 8);
#[repr(C)]
pub struct leat_flight {
    _private: [u8; 0],
    _not_send: core::marker::PhantomData<(*mut u8, core::marker::PhantomPinned)>,
}
#[repr(C)]
#[derive(Clone, Copy)]
pub struct leat_flow {
    pub stream: leat_stream,
    pub tasks: *mut leat_tasks,
    pub owner: *mut leat_task,
    pub reader: *mut leat_task,
    pub writer: *mut leat_task,
    pub unread: *mut leat_buf,
    pub unconsumed: u32,
    pub why: leat_err,
}
zeroed!(leat_flow, 64, 8);
offsets!(leat_flow, stream 0, tasks 16, owner 24, reader 32, writer 40, unread 48, unconsumed 56, why 60);
#[repr(C)]
pub struct leat_forwarder {
    _private: [u8; 0],
    _not_send: core::marker::PhantomData<(*mut u8, core::marker::PhantomPinned)>,
}
#[repr(C)]
#[derive(Clone, Copy)]
pub struct leat_forwarder_config {
    pub resolver: *mut leat_resolver,
    pub ip: leat_ip,
    pub port: u16,
    pub clients: u16,
    pub waiting: u16,
    pub idle_ns: u64,
    pub progress_bytes: u32,
    pub replies_per_s: u32,
    pub no_rate_limit: bool,
    pub no_cookies: bool,
    pub on_question: Option<unsafe extern "C" fn(*mut c_void, *const leat_forwarder_question, *mut leat_forwarder_own)>,
    pub on_question_arg: *mut c_void,
    pub networks: *const leat_forwarder_network,
    pub network_count: u8,
    pub on_prohibited: Option<unsafe extern "C" fn(*mut c_void, leat_ip)>,
    pub on_prohibited_arg: *mut c_void,
    pub pass_special: bool,
    pub refuse_canaries: bool,
    pub inspect_aliases: bool,
    pub domains: *const leat_forwarder_domain,
    pub domain_count: u16,
    pub on_access: Option<unsafe extern "C" fn(*mut c_void, *const leat_dns_access)>,
    pub on_access_arg: *mut c_void,
    pub reserved: [u64; 2],
}
zeroed!(leat_forwarder_config, 160, 8);
offsets!(leat_forwarder_config, resolver 0, ip 8, port 24, clients 26, waiting 28, idle_ns 32, progress_bytes 40, replies_per_s 44, no_rate_limit 48, no_cookies 49, on_question 56, on_question_arg 64, networks 72, network_count 80, on_prohibited 88, on_prohibited_arg 96, pass_special 104, refuse_canaries 105, inspect_aliases 106, domains 112, domain_count 120, on_access 128, on_access_arg 136, reserved 144);
#[repr(C)]
#[derive(Clone, Copy)]
pub struct leat_forwarder_counts {
    pub udp_queries: u64,
    pub tcp_queries: u64,
    pub replies: u64,
    pub truncated: u64,
    pub cached: u64,
    pub own: u64,
    pub own_aliases: u64,
    pub special: u64,
    pub prohibited: u64,
    pub rate_slipped: u64,
    pub rate_dropped: u64,
    pub rate_proven: u64,
    pub busy: u64,
    pub displaced: u64,
    pub drop_format: u64,
    pub drop_memory: u64,
    pub tcp_bad_length: u64,
    pub tcp_idle: u64,
    pub tcp_displaced: u64,
    pub tcp_slow: u64,
    pub tcp_full: u64,
    pub asked: u64,
}
zeroed!(leat_forwarder_counts, 176, 8);
offsets!(leat_forwarder_counts, udp_queries 0, tcp_queries 8, replies 16, truncated 24, cached 32, own 40, own_aliases 48, special 56, prohibited 64, rate_slipped 72, rate_dropped 80, rate_proven 88, busy 96, displaced 104, drop_format 112, drop_memory 120, tcp_bad_length 128, tcp_idle 136, tcp_displaced 144, tcp_slow 152, tcp_full 160, asked 168);
#[repr(C)]
#[derive(Clone, Copy)]
pub struct leat_forwarder_domain {
    pub name: leat_dns_name,
    pub resolver: *mut leat_resolver,
    pub waiting: u16,
    pub reserved: [u64; 2],
}
zeroed!(leat_forwarder_domain, 288, 8);
offsets!(leat_forwarder_domain, name 0, resolver 256, waiting 264, reserved 272);
#[repr(C)]
#[derive(Clone, Copy)]
pub struct leat_forwarder_domain_counts {
    pub questions: u64,
    pub cached: u64,
    pub denied: u64,
    pub waited: u64,
    pub busy: u64,
}
zeroed!(leat_forwarder_domain_counts, 40, 8);
offsets!(leat_forwarder_domain_counts, questions 0, cached 8, denied 16, waited 24, busy 32);
#[repr(C)]
#[derive(Clone, Copy)]
pub struct leat_forwarder_network {
    pub ip: leat_ip,
    pub prefix_bits: u8,
}
zeroed!(leat_forwarder_network, 17, 1);
offsets!(leat_forwarder_network, ip 0, prefix_bits 16);
#[repr(C)]
#[derive(Clone, Copy)]
pub struct leat_forwarder_own {
    pub say: leat_forwarder_say,
    pub ip4: leat_ip,
    pub ip6: leat_ip,
    pub has_ip4: bool,
    pub has_ip6: bool,
    pub target: *const leat_dns_name,
    pub ttl_s: u32,
    pub extended_error: u16,
}
zeroed!(leat_forwarder_own, 56, 8);
offsets!(leat_forwarder_own, say 0, ip4 4, ip6 20, has_ip4 36, has_ip6 37, target 40, ttl_s 48, extended_error 52);
#[repr(C)]
#[derive(Clone, Copy)]
pub struct leat_forwarder_query {
    pub peer: leat_ip,
    pub local: leat_ip,
    pub on_reply: Option<unsafe extern "C" fn(*mut leat_forwarder_query, *const u8, usize, u32)>,
    pub wait: *mut c_void,
}
zeroed!(leat_forwarder_query, 48, 8);
offsets!(leat_forwarder_query, peer 0, local 16, on_reply 32, wait 40);
#[repr(C)]
#[derive(Clone, Copy)]
pub struct leat_forwarder_question {
    pub name: *const leat_dns_name,
    pub asked: *const leat_dns_name,
    pub r#type: u16,
    pub peer: leat_ip,
    pub local: leat_ip,
}
zeroed!(leat_forwarder_question, 56, 8);
offsets!(leat_forwarder_question, name 0, asked 8, r#type 16, peer 18, local 34);
#[repr(C)]
#[derive(Clone, Copy)]
pub struct leat_holdings {
    pub held_free: u32,
    pub held_receive: u32,
    pub held_early: u32,
    pub held_send: u32,
    pub held_reassembly: u32,
    pub held_parked: u32,
    pub held_others: u32,
}
zeroed!(leat_holdings, 28, 4);
offsets!(leat_holdings, held_free 0, held_receive 4, held_early 8, held_send 12, held_reassembly 16, held_parked 20, held_others 24);
#[repr(C)]
#[derive(Clone, Copy)]
pub struct leat_host {
    pub now_ns: Option<unsafe extern "C" fn(*mut leat_host) -> u64>,
    pub wait: Option<unsafe extern "C" fn(*mut leat_host, u64) -> bool>,
    pub entropy: Option<unsafe extern "C" fn(*mut leat_host, *mut c_void, usize) -> leat_err>,
    pub console: Option<unsafe extern "C" fn(*mut leat_host, *const c_char, usize)>,
    pub civil_ns: Option<unsafe extern "C" fn(*mut leat_host) -> u64>,
}
zeroed!(leat_host, 40, 8);
offsets!(leat_host, now_ns 0, wait 8, entropy 16, console 24, civil_ns 32);
#[repr(C)]
#[derive(Clone, Copy)]
pub struct leat_http_access {
    pub method: leat_http_method,
    pub path: *const c_char,
    pub path_len: usize,
    pub status: u16,
    pub reply_bytes: u64,
    pub took_ns: u64,
    pub conn: *const leat_tcp,
    pub peer: leat_ip,
    pub secure: bool,
    pub complete: bool,
    pub minor_version: u8,
    pub is_cut: bool,
    pub line: *const c_char,
    pub line_len: usize,
    pub target: *const c_char,
    pub target_len: usize,
    pub referer: *const c_char,
    pub referer_len: usize,
    pub agent: *const c_char,
    pub agent_len: usize,
    pub major_version: u8,
}
zeroed!(leat_http_access, 152, 8);
offsets!(leat_http_access, method 0, path 8, path_len 16, status 24, reply_bytes 32, took_ns 40, conn 48, peer 56, secure 72, complete 73, minor_version 74, is_cut 75, line 80, line_len 88, target 96, target_len 104, referer 112, referer_len 120, agent 128, agent_len 136, major_version 144);
#[repr(C)]
pub struct leat_http_call {
    _private: [u8; 0],
    _not_send: core::marker::PhantomData<(*mut u8, core::marker::PhantomPinned)>,
}
#[repr(C)]
#[derive(Clone, Copy)]
pub struct leat_http_carrier {
    pub protocol: *const c_char,
    pub begin: Option<unsafe extern "C" fn(*mut c_void, *const leat_stream, *const c_char, u16, *mut leat_stream) -> bool>,
    pub more: Option<unsafe extern "C" fn(*mut c_void, *const c_char, u16, *mut leat_stream, *mut leat_stream) -> bool>,
    pub arg: *mut c_void,
}
zeroed!(leat_http_carrier, 32, 8);
offsets!(leat_http_carrier, protocol 0, begin 8, more 16, arg 24);
#[repr(C)]
pub struct leat_http_client {
    _private: [u8; 0],
    _not_send: core::marker::PhantomData<(*mut u8, core::marker::PhantomPinned)>,
}
#[repr(C)]
#[derive(Clone, Copy)]
pub struct leat_http_client_config {
    pub connect: *const leat_connect_config,
    pub connections: u16,
    pub request_bytes: u16,
    pub reply_bytes: u16,
    pub connect_ns: u64,
    pub stall_ns: u64,
    pub kept_ns: u64,
    pub tls_connect: Option<unsafe extern "C" fn(*mut leat_tls, *const leat_stream, *const leat_tls_client, *mut leat_stream) -> leat_err>,
    pub tls_info: Option<unsafe extern "C" fn(*const leat_stream, *mut leat_tls_info)>,
    pub tls: *mut leat_tls,
    pub anchors: *const leat_crypto_anchors,
    pub carrier: *const leat_http_carrier,
    pub reserved: [u64; 2],
}
zeroed!(leat_http_client_config, 96, 8);
offsets!(leat_http_client_config, connect 0, connections 8, request_bytes 10, reply_bytes 12, connect_ns 16, stall_ns 24, kept_ns 32, tls_connect 40, tls_info 48, tls 56, anchors 64, carrier 72, reserved 80);
#[repr(C)]
#[derive(Clone, Copy)]
pub struct leat_http_client_counts {
    pub calls: u64,
    pub replies: u64,
    pub connected: u64,
    pub reused: u64,
    pub retried: u64,
    pub refused: u64,
    pub early: u64,
    pub too_early: u64,
    pub timeouts: u64,
    pub failed: u64,
}
zeroed!(leat_http_client_counts, 80, 8);
offsets!(leat_http_client_counts, calls 0, replies 8, connected 16, reused 24, retried 32, refused 40, early 48, too_early 56, timeouts 64, failed 72);
#[repr(C)]
pub struct leat_http_exchange {
    _private: [u8; 0],
    _not_send: core::marker::PhantomData<(*mut u8, core::marker::PhantomPinned)>,
}
#[repr(C)]
#[derive(Clone, Copy)]
pub struct leat_http_file {
    pub path: *const c_char,
    pub r#type: *const c_char,
    pub bytes: *const c_void,
    pub len: u32,
    pub tag: u64,
    pub modified_ns: u64,
}
zeroed!(leat_http_file, 48, 8);
offsets!(leat_http_file, path 0, r#type 8, bytes 16, len 24, tag 32, modified_ns 40);
#[repr(C)]
#[derive(Clone, Copy)]
pub struct leat_http_flow {
    pub self_: *mut leat_http_flow,
    pub exchange: *mut leat_http_exchange,
    pub why: leat_err,
    pub handler: *mut leat_http_handler,
    pub owner: *mut leat_task,
    pub reader: *mut leat_task,
    pub writer: *mut leat_task,
    pub timer: leat_timer,
    pub left: u64,
    pub unconsumed: u32,
    pub begun: bool,
}
zeroed!(leat_http_flow, 152, 8);
offsets!(leat_http_flow, self_ 0, exchange 8, why 16, handler 24, owner 32, reader 40, writer 48, timer 56, left 136, unconsumed 144, begun 148);
#[repr(C)]
#[derive(Clone, Copy)]
pub struct leat_http_folder {
    pub config: leat_http_folder_config,
    pub find: *const leat_http_folder_find,
}
zeroed!(leat_http_folder, 88, 8);
offsets!(leat_http_folder, config 0, find 80);
#[repr(C)]
#[derive(Clone, Copy)]
pub struct leat_http_folder_config {
    pub files: *mut leat_files,
    pub root: *const c_char,
    pub not_found: *const c_char,
    pub redirects: *const leat_http_redirect,
    pub redirect_count: u16,
    pub allows: Option<unsafe extern "C" fn(*mut c_void, *const c_char, *const c_char) -> bool>,
    pub allows_arg: *mut c_void,
    pub realm: *const c_char,
    pub judge: Option<unsafe extern "C" fn(*mut c_void, *mut leat_http_login) -> leat_http_login_answer>,
    pub reserved: [u64; 1],
}
zeroed!(leat_http_folder_config, 80, 8);
offsets!(leat_http_folder_config, files 0, root 8, not_found 16, redirects 24, redirect_count 32, allows 40, allows_arg 48, realm 56, judge 64, reserved 72);
#[repr(C)]
pub struct leat_http_folder_find {
    _private: [u8; 0],
    _not_send: core::marker::PhantomData<(*mut u8, core::marker::PhantomPinned)>,
}
#[repr(C)]
#[derive(Clone, Copy)]
pub struct leat_http_handler {
    pub name: *const c_char,
    pub serve: Option<leat_http_serve_fn>,
    pub arg: *mut c_void,
    pub time_ns: u64,
    pub refuse: bool,
    pub displace: bool,
    pub tasks: *mut leat_tasks,
    pub next: *mut leat_http_handler,
}
zeroed!(leat_http_handler, 56, 8);
offsets!(leat_http_handler, name 0, serve 8, arg 16, time_ns 24, refuse 32, displace 33, tasks 40, next 48);
#[repr(C)]
#[derive(Clone, Copy)]
pub struct leat_http_head {
    pub status: u16,
    pub r#type: *const c_char,
    pub fields: *const c_char,
    pub len: u64,
}
zeroed!(leat_http_head, 32, 8);
offsets!(leat_http_head, status 0, r#type 8, fields 16, len 24);
#[repr(C)]
#[derive(Clone, Copy)]
pub struct leat_http_login {
    pub name: *const c_char,
    pub password: *const c_char,
    pub client: leat_ip,
    pub retry_s: u16,
}
zeroed!(leat_http_login, 40, 8);
offsets!(leat_http_login, name 0, password 8, client 16, retry_s 32);
#[repr(C)]
#[derive(Clone, Copy)]
pub struct leat_http_passwords {
    pub lines: *const c_char,
    pub len: usize,
    pub verify: Option<unsafe extern "C" fn(*const c_char, *const c_char, usize) -> bool>,
}
zeroed!(leat_http_passwords, 24, 8);
offsets!(leat_http_passwords, lines 0, len 8, verify 16);
#[repr(C)]
#[derive(Clone, Copy)]
pub struct leat_http_redirect {
    pub from: *const c_char,
    pub to: *const c_char,
    pub status: u16,
}
zeroed!(leat_http_redirect, 24, 8);
offsets!(leat_http_redirect, from 0, to 8, status 16);
#[repr(C)]
#[derive(Clone, Copy)]
pub struct leat_http_request {
    pub method: leat_http_method,
    pub url: *const c_char,
    pub fields: *const c_char,
    pub body_len: u64,
    pub body: *const c_void,
    pub deadline_ns: u64,
    pub ticket: *mut leat_tls_ticket,
    pub early: bool,
    pub open_only: bool,
    pub on_reply: Option<unsafe extern "C" fn(*mut leat_http_call, *mut c_void)>,
    pub on_body: Option<unsafe extern "C" fn(*mut leat_http_call, *mut c_void)>,
    pub on_writable: Option<unsafe extern "C" fn(*mut leat_http_call, *mut c_void)>,
    pub on_failed: Option<unsafe extern "C" fn(*mut leat_http_call, leat_err, *mut c_void)>,
    pub arg: *mut c_void,
    pub reserved: [u64; 2],
}
zeroed!(leat_http_request, 120, 8);
offsets!(leat_http_request, method 0, url 8, fields 16, body_len 24, body 32, deadline_ns 40, ticket 48, early 56, open_only 57, on_reply 64, on_body 72, on_writable 80, on_failed 88, arg 96, reserved 104);
#[repr(C)]
#[derive(Clone, Copy)]
pub struct leat_http_route {
    pub path: *const c_char,
    pub methods: u8,
    pub below: bool,
    pub body_bytes_max: u64,
    pub on_request: Option<unsafe extern "C" fn(*mut leat_http_exchange, *mut c_void)>,
    pub on_body: Option<unsafe extern "C" fn(*mut leat_http_exchange, *mut c_void)>,
    pub on_writable: Option<unsafe extern "C" fn(*mut leat_http_exchange, *mut c_void)>,
    pub on_failed: Option<unsafe extern "C" fn(*mut leat_http_exchange, leat_err, *mut c_void)>,
    pub arg: *mut c_void,
    pub reserved: [u64; 2],
}
zeroed!(leat_http_route, 80, 8);
offsets!(leat_http_route, path 0, methods 8, below 9, body_bytes_max 16, on_request 24, on_body 32, on_writable 40, on_failed 48, arg 56, reserved 64);
#[repr(C)]
pub struct leat_http_server {
    _private: [u8; 0],
    _not_send: core::marker::PhantomData<(*mut u8, core::marker::PhantomPinned)>,
}
#[repr(C)]
#[derive(Clone, Copy)]
pub struct leat_http_server_config {
    pub files: *const leat_http_file,
    pub file_count: u32,
    pub routes: *const leat_http_route,
    pub route_count: u16,
    pub folder: *mut leat_http_folder,
    pub ip: leat_ip,
    pub port: u16,
    pub clients: u16,
    pub idle_ns: u64,
    pub head_ns: u64,
    pub head_bytes_per_s: u32,
    pub stall_ns: u64,
    pub body_bytes_per_s: u32,
    pub receive_early: Option<unsafe extern "C" fn(*const leat_stream, u32) -> *mut leat_buf>,
    pub on_access: Option<unsafe extern "C" fn(*mut c_void, *const leat_http_access)>,
    pub on_access_arg: *mut c_void,
    pub clock: *mut leat_host,
    pub reserved: [u64; 2],
}
zeroed!(leat_http_server_config, 152, 8);
offsets!(leat_http_server_config, files 0, file_count 8, routes 16, route_count 24, folder 32, ip 40, port 56, clients 58, idle_ns 64, head_ns 72, head_bytes_per_s 80, stall_ns 88, body_bytes_per_s 96, receive_early 104, on_access 112, on_access_arg 120, clock 128, reserved 136);
#[repr(C)]
#[derive(Clone, Copy)]
pub struct leat_http_server_counts {
    pub requests: u64,
    pub ok: u64,
    pub not_modified: u64,
    pub client_errors: u64,
    pub server_errors: u64,
    pub failed: u64,
    pub timeouts: u64,
    pub idle: u64,
    pub displaced: u64,
    pub waited: u64,
    pub early: u64,
    pub too_early: u64,
    pub reply_bytes: u64,
    pub latencies: [u64; 17],
    pub latency_sum_ns: u64,
}
zeroed!(leat_http_server_counts, 248, 8);
offsets!(leat_http_server_counts, requests 0, ok 8, not_modified 16, client_errors 24, server_errors 32, failed 40, timeouts 48, idle 56, displaced 64, waited 72, early 80, too_early 88, reply_bytes 96, latencies 104, latency_sum_ns 240);
#[repr(C)]
#[derive(Clone, Copy)]
pub struct leat_ip {
    pub bytes: [u8; 16],
}
zeroed!(leat_ip, 16, 1);
offsets!(leat_ip, bytes 0);
#[repr(C)]
pub struct leat_ip_link {
    _private: [u8; 0],
    _not_send: core::marker::PhantomData<(*mut u8, core::marker::PhantomPinned)>,
}
#[repr(C)]
#[derive(Clone, Copy)]
pub struct leat_ip_link_counts {
    pub answered: u64,
    pub rx_malformed: u64,
    pub tx_kept: u64,
    pub tx_no_memory: u64,
}
zeroed!(leat_ip_link_counts, 32, 8);
offsets!(leat_ip_link_counts, answered 0, rx_malformed 8, tx_kept 16, tx_no_memory 24);
#[repr(C)]
#[derive(Clone, Copy)]
pub struct leat_ipv6_config {
    pub secret: [u8; 16],
    pub neighbours: u16,
    pub parked: u8,
    pub routes: u8,
    pub redirects: u8,
    pub hop_limit: u8,
    pub hosts: u32,
    pub slaacs: u8,
    pub groups: u16,
    pub temporary: bool,
    pub temporary_preferred_s: u32,
    pub temporary_valid_s: u32,
    pub policies: *const leat_ipv6_policy,
    pub policy_count: u8,
    pub no_redirects: bool,
    pub no_duplicate_check: bool,
    pub optimistic: bool,
    pub on_transition: Option<unsafe extern "C" fn(*mut c_void, u8, u8, u8)>,
    pub arg: *mut c_void,
    pub reserved: [u64; 2],
}
zeroed!(leat_ipv6_config, 96, 8);
offsets!(leat_ipv6_config, secret 0, neighbours 16, parked 18, routes 19, redirects 20, hop_limit 21, hosts 24, slaacs 28, groups 30, temporary 32, temporary_preferred_s 36, temporary_valid_s 40, policies 48, policy_count 56, no_redirects 57, no_duplicate_check 58, optimistic 59, on_transition 64, arg 72, reserved 80);
#[repr(C)]
#[derive(Clone, Copy)]
pub struct leat_ipv6_policy {
    pub prefix: leat_ip,
    pub prefix_bits: u8,
    pub precedence: u8,
    pub label: u8,
}
zeroed!(leat_ipv6_policy, 19, 1);
offsets!(leat_ipv6_policy, prefix 0, prefix_bits 16, precedence 17, label 18);
#[repr(C)]
pub struct leat_link {
    _private: [u8; 0],
    _not_send: core::marker::PhantomData<(*mut u8, core::marker::PhantomPinned)>,
}
#[repr(C)]
#[derive(Clone, Copy)]
pub struct leat_link_counts {
    pub sent: u64,
    pub lost: u64,
    pub duplicated: u64,
    pub corrupted: u64,
    pub reordered: u64,
    pub overflowed: u64,
    pub wait_ns: u64,
    pub wait_max_ns: u64,
    pub delivered: u64,
    pub cut: u64,
    pub completed: u64,
    pub verified: u64,
    pub merged: u64,
}
zeroed!(leat_link_counts, 104, 8);
offsets!(leat_link_counts, sent 0, lost 8, duplicated 16, corrupted 24, reordered 32, overflowed 40, wait_ns 48, wait_max_ns 56, delivered 64, cut 72, completed 80, verified 88, merged 96);
#[repr(C)]
#[derive(Clone, Copy)]
pub struct leat_link_faults {
    pub delay_ns: u64,
    pub jitter_ns: u64,
    pub bits_per_s: u64,
    pub queue_frames: u32,
    pub loss_per_m: u32,
    pub duplicate_per_m: u32,
    pub corrupt_per_m: u32,
    pub reorder_per_m: u32,
    pub reorder_ns: u64,
}
zeroed!(leat_link_faults, 56, 8);
offsets!(leat_link_faults, delay_ns 0, jitter_ns 8, bits_per_s 16, queue_frames 24, loss_per_m 28, duplicate_per_m 32, corrupt_per_m 36, reorder_per_m 40, reorder_ns 48);
#[repr(C)]
pub struct leat_lookup {
    _private: [u8; 0],
    _not_send: core::marker::PhantomData<(*mut u8, core::marker::PhantomPinned)>,
}
#[repr(C)]
#[derive(Clone, Copy)]
pub struct leat_lookup_failure {
    pub err: leat_err,
    pub rcode: u32,
    pub server: leat_endpoint,
    pub refusal: leat_refusal,
}
zeroed!(leat_lookup_failure, 64, 8);
offsets!(leat_lookup_failure, err 0, rcode 4, server 8, refusal 32);
#[repr(C)]
#[derive(Clone, Copy)]
pub struct leat_mac {
    pub octet: [u8; 6],
}
zeroed!(leat_mac, 6, 1);
offsets!(leat_mac, octet 0);
#[repr(C)]
#[derive(Clone, Copy)]
pub struct leat_mailbox {
    pub udp: *mut leat_udp,
    pub dropped: u64,
    pub tasks: *mut leat_tasks,
    pub waiter: *mut leat_task,
    pub places: *mut leat_datagram,
    pub count_max: u32,
    pub count: u32,
    pub first: u32,
}
zeroed!(leat_mailbox, 56, 8);
offsets!(leat_mailbox, udp 0, dropped 8, tasks 16, waiter 24, places 32, count_max 40, count 44, first 48);
#[repr(C)]
#[derive(Clone, Copy)]
pub struct leat_multipart {
    pub data: *const u8,
    pub data_len: usize,
    pub data_is_given: bool,
    pub has_file: bool,
    pub name_len: u8,
    pub file_len: u8,
    pub type_len: u8,
    pub parts: u32,
    pub name: [c_char; 127],
    pub file: [c_char; 255],
    pub r#type: [c_char; 127],
    pub state: i32,
    pub head_bytes: u16,
    pub phase: u8,
    pub matched: u8,
    pub delimiter_len: u8,
    pub named: bool,
    pub typed: bool,
    pub has_name: bool,
    pub plain: bool,
    pub extended: bool,
    pub foreign: bool,
    pub latin: bool,
    pub high: u8,
    pub delimiter: [u8; 74],
}
zeroed!(leat_multipart, 632, 8);
offsets!(leat_multipart, data 0, data_len 8, data_is_given 16, has_file 17, name_len 18, file_len 19, type_len 20, parts 24, name 28, file 155, r#type 410, state 540, head_bytes 544, phase 546, matched 547, delimiter_len 548, named 549, typed 550, has_name 551, plain 552, extended 553, foreign 554, latin 555, high 556, delimiter 557);
#[repr(C)]
#[derive(Clone, Copy)]
pub struct leat_netif {
    pub ops: *const leat_netif_ops,
    pub name: *const c_char,
    pub mac: leat_mac,
    pub mtu: u16,
    pub capabilities: u32,
    pub gather_pieces: u16,
    pub super_bytes: u16,
}
zeroed!(leat_netif, 32, 8);
offsets!(leat_netif, ops 0, name 8, mac 16, mtu 22, capabilities 24, gather_pieces 28, super_bytes 30);
#[repr(C)]
#[derive(Clone, Copy)]
pub struct leat_netif_ops {
    pub receive: Option<unsafe extern "C" fn(*mut leat_netif, u64, *mut leat_pool, *mut *mut leat_buf, u32) -> u32>,
    pub transmit_room: Option<unsafe extern "C" fn(*mut leat_netif) -> u32>,
    pub transmit: Option<unsafe extern "C" fn(*mut leat_netif, u64, *mut *mut leat_buf, u32)>,
    pub next_look_ns: Option<unsafe extern "C" fn(*mut leat_netif, u64) -> u64>,
    pub close: Option<unsafe extern "C" fn(*mut leat_netif)>,
}
zeroed!(leat_netif_ops, 40, 8);
offsets!(leat_netif_ops, receive 0, transmit_room 8, transmit 16, next_look_ns 24, close 32);
#[repr(C)]
#[derive(Clone, Copy)]
pub struct leat_passt_config {
    pub program: *const c_char,
    pub tcp: *const *const c_char,
    pub udp: *const *const c_char,
    pub ip: leat_ip,
    pub prefix_bits: u8,
    pub gateway: leat_ip,
    pub ip6: leat_ip,
    pub ipv4_only: bool,
    pub mtu: u16,
    pub mac: *const leat_mac,
    pub posix: *mut leat_posix,
    pub reserved: [u64; 2],
}
zeroed!(leat_passt_config, 112, 8);
offsets!(leat_passt_config, program 0, tcp 8, udp 16, ip 24, prefix_bits 40, gateway 41, ip6 57, ipv4_only 73, mtu 74, mac 80, posix 88, reserved 96);
#[repr(C)]
pub struct leat_pcap_reader {
    _private: [u8; 0],
    _not_send: core::marker::PhantomData<(*mut u8, core::marker::PhantomPinned)>,
}
#[repr(C)]
#[derive(Clone, Copy)]
pub struct leat_pcap_reader_config {
    pub path: *const c_char,
    pub mac: leat_mac,
    pub mtu: u16,
    pub recording: bool,
    pub linger_ns: u64,
    pub reserved: [u64; 2],
}
zeroed!(leat_pcap_reader_config, 48, 8);
offsets!(leat_pcap_reader_config, path 0, mac 8, mtu 14, recording 16, linger_ns 24, reserved 32);
#[repr(C)]
#[derive(Clone, Copy)]
pub struct leat_pcap_reader_counters {
    pub frames_read: u64,
    pub left_out: u64,
    pub too_long: u64,
    pub given_up: u64,
    pub transmitted: u64,
}
zeroed!(leat_pcap_reader_counters, 40, 8);
offsets!(leat_pcap_reader_counters, frames_read 0, left_out 8, too_long 16, given_up 24, transmitted 32);
#[repr(C)]
pub struct leat_pcap_recorder {
    _private: [u8; 0],
    _not_send: core::marker::PhantomData<(*mut u8, core::marker::PhantomPinned)>,
}
#[repr(C)]
pub struct leat_pool {
    _private: [u8; 0],
    _not_send: core::marker::PhantomData<(*mut u8, core::marker::PhantomPinned)>,
}
#[repr(C)]
pub struct leat_posix {
    _private: [u8; 0],
    _not_send: core::marker::PhantomData<(*mut u8, core::marker::PhantomPinned)>,
}
#[repr(C)]
#[derive(Clone, Copy)]
pub struct leat_refusal {
    pub from: leat_ip,
    pub why: *const c_char,
    pub count: u32,
}
zeroed!(leat_refusal, 32, 8);
offsets!(leat_refusal, from 0, why 16, count 24);
#[repr(C)]
pub struct leat_resolver {
    _private: [u8; 0],
    _not_send: core::marker::PhantomData<(*mut u8, core::marker::PhantomPinned)>,
}
#[repr(C)]
#[derive(Clone, Copy)]
pub struct leat_resolver_config {
    pub servers: [leat_endpoint; 4],
    pub server_count: u8,
    pub tls_clients: [*const leat_tls_client; 4],
    pub tls_connect: Option<unsafe extern "C" fn(*mut leat_tls, *const leat_stream, *const leat_tls_client, *mut leat_stream) -> leat_err>,
    pub tls: *mut leat_tls,
    pub tls_or_clear: bool,
    pub on_tls_failed: Option<unsafe extern "C" fn(*mut c_void, *const leat_endpoint, *const leat_stream)>,
    pub arg: *mut c_void,
    pub rounds: u8,
    pub lookups: u16,
    pub answer_bytes: u16,
    pub timeout_ns: u64,
    pub cache_bytes: usize,
    pub ttl_max_s: u32,
    pub negative_ttl_max_s: u32,
    pub failure_ttl_s: u32,
    pub stale_s: u32,
    pub prefetch: bool,
    pub fastest_first: bool,
    pub no_cookies: bool,
    pub no_rebinding: bool,
    pub own_name_count: u8,
    pub own_names: *const leat_dns_name,
    pub tcp_idle_ns: u64,
    pub reserved: [u64; 2],
}
zeroed!(leat_resolver_config, 240, 8);
offsets!(leat_resolver_config, servers 0, server_count 80, tls_clients 88, tls_connect 120, tls 128, tls_or_clear 136, on_tls_failed 144, arg 152, rounds 160, lookups 162, answer_bytes 164, timeout_ns 168, cache_bytes 176, ttl_max_s 184, negative_ttl_max_s 188, failure_ttl_s 192, stale_s 196, prefetch 200, fastest_first 201, no_cookies 202, no_rebinding 203, own_name_count 204, own_names 208, tcp_idle_ns 216, reserved 224);
#[repr(C)]
#[derive(Clone, Copy)]
pub struct leat_resolver_counts {
    pub udp_queries: u64,
    pub tcp_queries: u64,
    pub tcp_connections: u64,
    pub tls_opened: u64,
    pub tls_failed: u64,
    pub tls_given_up: u64,
    pub replies: u64,
    pub truncated: u64,
    pub drop_foreign: u64,
    pub drop_fragmented: u64,
    pub drop_case: u64,
    pub drop_cookie: u64,
    pub bad_cookies: u64,
    pub drop_private: u64,
    pub repeated: u64,
    pub edns_refused: u64,
    pub timeouts: u64,
    pub servers_failed: u64,
    pub unsent: u64,
    pub joined: u64,
    pub cache_hits: u64,
    pub cache_stale: u64,
    pub prefetches: u64,
}
zeroed!(leat_resolver_counts, 184, 8);
offsets!(leat_resolver_counts, udp_queries 0, tcp_queries 8, tcp_connections 16, tls_opened 24, tls_failed 32, tls_given_up 40, replies 48, truncated 56, drop_foreign 64, drop_fragmented 72, drop_case 80, drop_cookie 88, bad_cookies 96, drop_private 104, repeated 112, edns_refused 120, timeouts 128, servers_failed 136, unsent 144, joined 152, cache_hits 160, cache_stale 168, prefetches 176);
#[repr(C)]
#[derive(Clone, Copy)]
pub struct leat_resolver_server {
    pub endpoint: leat_endpoint,
    pub delay_ns: u64,
    pub no_edns: bool,
    pub no_cookies: bool,
    pub lowers: bool,
    pub tcp_only: bool,
    pub no_tcp: bool,
}
zeroed!(leat_resolver_server, 40, 8);
offsets!(leat_resolver_server, endpoint 0, delay_ns 24, no_edns 32, no_cookies 33, lowers 34, tcp_only 35, no_tcp 36);
#[repr(C)]
#[derive(Clone, Copy)]
pub struct leat_service {
    pub listen: leat_tcp_listen_config,
    pub name: *const c_char,
    pub serve: Option<leat_serve_fn>,
    pub arg: *mut c_void,
    pub at_once: bool,
    pub listener: *mut leat_tcp_listener,
    pub tasks: *mut leat_tasks,
    pub next: *mut leat_service,
}
zeroed!(leat_service, 160, 8);
offsets!(leat_service, listen 0, name 104, serve 112, arg 120, at_once 128, listener 136, tasks 144, next 152);
#[repr(C)]
pub struct leat_shm {
    _private: [u8; 0],
    _not_send: core::marker::PhantomData<(*mut u8, core::marker::PhantomPinned)>,
}
#[repr(C)]
#[derive(Clone, Copy)]
pub struct leat_shm_config {
    pub path: *const c_char,
    pub fd: i32,
    pub listen: bool,
    pub mac: *const leat_mac,
    pub posix: *mut leat_posix,
    pub mtu: u16,
    pub busy_poll_us: u16,
    pub no_offload: bool,
    pub reserved: [u64; 2],
}
zeroed!(leat_shm_config, 56, 8);
offsets!(leat_shm_config, path 0, fd 8, listen 12, mac 16, posix 24, mtu 32, busy_poll_us 34, no_offload 36, reserved 40);
#[repr(C)]
#[derive(Clone, Copy)]
pub struct leat_shm_counters {
    pub rx_short: u64,
    pub rx_long: u64,
    pub rx_starved: u64,
    pub rx_dropped: u64,
    pub rx_copied: u64,
    pub tx_copied: u64,
    pub tx_refused: u64,
    pub bells_rung: u64,
    pub bells_heard: u64,
    pub peers: u64,
    pub peers_refused: u64,
}
zeroed!(leat_shm_counters, 88, 8);
offsets!(leat_shm_counters, rx_short 0, rx_long 8, rx_starved 16, rx_dropped 24, rx_copied 32, tx_copied 40, tx_refused 48, bells_rung 56, bells_heard 64, peers 72, peers_refused 80);
#[repr(C)]
pub struct leat_slaac {
    _private: [u8; 0],
    _not_send: core::marker::PhantomData<(*mut u8, core::marker::PhantomPinned)>,
}
#[repr(C)]
#[derive(Clone, Copy)]
pub struct leat_slaac_config {
    pub on_change: Option<unsafe extern "C" fn(*mut leat_slaac, *const leat_slaac_facts, *mut c_void)>,
    pub arg: *mut c_void,
    pub reserved: [u64; 2],
}
zeroed!(leat_slaac_config, 32, 8);
offsets!(leat_slaac_config, on_change 0, arg 8, reserved 16);
#[repr(C)]
#[derive(Clone, Copy)]
pub struct leat_slaac_counts {
    pub taken: u64,
    pub refused: u64,
    pub ignored_parts: u64,
    pub ignored_option: u8,
}
zeroed!(leat_slaac_counts, 32, 8);
offsets!(leat_slaac_counts, taken 0, refused 8, ignored_parts 16, ignored_option 24);
#[repr(C)]
#[derive(Clone, Copy)]
pub struct leat_slaac_facts {
    pub ip: leat_ip,
    pub gateway: leat_ip,
    pub nat64: leat_ip,
    pub mtu: u16,
    pub prefix_bits: u8,
    pub nat64_bits: u8,
    pub managed: bool,
    pub other: bool,
    pub name_server_count: u8,
    pub name_servers: [leat_ip; 4],
    pub search: [c_char; 256],
}
zeroed!(leat_slaac_facts, 376, 2);
offsets!(leat_slaac_facts, ip 0, gateway 16, nat64 32, mtu 48, prefix_bits 50, nat64_bits 51, managed 52, other 53, name_server_count 54, name_servers 55, search 119);
#[repr(C)]
pub struct leat_sntp {
    _private: [u8; 0],
    _not_send: core::marker::PhantomData<(*mut u8, core::marker::PhantomPinned)>,
}
#[repr(C)]
#[derive(Clone, Copy)]
pub struct leat_sntp_config {
    pub servers: [leat_endpoint; 4],
    pub server_count: u8,
    pub poll_ns: u64,
    pub timeout_ns: u64,
    pub panic_ns: u64,
    pub trust_start: bool,
    pub on_news: Option<unsafe extern "C" fn(*mut leat_sntp, leat_sntp_news, *const leat_sntp_report, *mut c_void)>,
    pub arg: *mut c_void,
    pub reserved: [u64; 2],
}
zeroed!(leat_sntp_config, 152, 8);
offsets!(leat_sntp_config, servers 0, server_count 80, poll_ns 88, timeout_ns 96, panic_ns 104, trust_start 112, on_news 120, arg 128, reserved 136);
#[repr(C)]
#[derive(Clone, Copy)]
pub struct leat_sntp_counts {
    pub requests: u64,
    pub answers: u64,
    pub drop_foreign: u64,
    pub drop_unsynchronized: u64,
    pub drop_time: u64,
    pub kisses: u64,
    pub panics: u64,
}
zeroed!(leat_sntp_counts, 56, 8);
offsets!(leat_sntp_counts, requests 0, answers 8, drop_foreign 16, drop_unsynchronized 24, drop_time 32, kisses 40, panics 48);
#[repr(C)]
#[derive(Clone, Copy)]
pub struct leat_sntp_report {
    pub offset_ns: i64,
    pub error_ns: u64,
    pub answers: u8,
    pub stratum: u8,
    pub server: leat_endpoint,
}
zeroed!(leat_sntp_report, 40, 8);
offsets!(leat_sntp_report, offset_ns 0, error_ns 8, answers 16, stratum 17, server 18);
#[repr(C)]
pub struct leat_socket {
    _private: [u8; 0],
    _not_send: core::marker::PhantomData<(*mut u8, core::marker::PhantomPinned)>,
}
#[repr(C)]
#[derive(Clone, Copy)]
pub struct leat_socket_config {
    pub path: *const c_char,
    pub local_path: *const c_char,
    pub fd: i32,
    pub listen: bool,
    pub framing: leat_socket_framing,
    pub mac: *const leat_mac,
    pub posix: *mut leat_posix,
    pub mtu: u16,
    pub marks: bool,
    pub no_offload: bool,
    pub reserved: [u64; 2],
}
zeroed!(leat_socket_config, 72, 8);
offsets!(leat_socket_config, path 0, local_path 8, fd 16, listen 20, framing 24, mac 32, posix 40, mtu 48, marks 50, no_offload 51, reserved 56);
#[repr(C)]
#[derive(Clone, Copy)]
pub struct leat_socket_counters {
    pub rx_short: u64,
    pub rx_long: u64,
    pub rx_starved: u64,
    pub rx_dropped: u64,
    pub rx_copied: u64,
    pub rx_calls: u64,
    pub tx_calls: u64,
    pub tx_refused: u64,
    pub peers: u64,
}
zeroed!(leat_socket_counters, 72, 8);
offsets!(leat_socket_counters, rx_short 0, rx_long 8, rx_starved 16, rx_dropped 24, rx_copied 32, rx_calls 40, tx_calls 48, tx_refused 56, peers 64);
#[repr(C)]
#[derive(Clone, Copy)]
pub struct leat_stats {
    pub rx_frames: u64,
    pub rx_loopback: u64,
    pub ip_reassembled: u64,
    pub taken_merged: u64,
    pub taken_arp: u64,
    pub taken_fragment: u64,
    pub taken_icmp: u64,
    pub taken_udp: u64,
    pub taken_tcp: u64,
    pub taken_icmp6: u64,
    pub taken_ndp: u64,
    pub taken_group: u64,
    pub drop_eth_short: u64,
    pub drop_eth_not_ours: u64,
    pub drop_eth_source: u64,
    pub drop_eth_vlan: u64,
    pub drop_eth_type: u64,
    pub drop_arp_format: u64,
    pub drop_arp_sender: u64,
    pub drop_arp_not_ours: u64,
    pub drop_arp_conflict: u64,
    pub drop_ip_header: u64,
    pub drop_ip_checksum: u64,
    pub drop_ip_options: u64,
    pub drop_ip_source: u64,
    pub drop_ip_not_ours: u64,
    pub drop_ip_protocol: u64,
    pub drop_ip_fragment: u64,
    pub drop_ip_fragment_again: u64,
    pub drop_ip_fragment_condemned: u64,
    pub drop_ip_fragment_limit: u64,
    pub drop_icmp_format: u64,
    pub drop_icmp_checksum: u64,
    pub drop_icmp_type: u64,
    pub drop_icmp_broadcast: u64,
    pub drop_icmp_quote: u64,
    pub drop_icmp_blind: u64,
    pub drop_icmp_limit: u64,
    pub drop_ip6_header: u64,
    pub drop_ip6_headers: u64,
    pub drop_ip6_source: u64,
    pub drop_ip6_not_ours: u64,
    pub drop_ip6_protocol: u64,
    pub drop_icmp6_format: u64,
    pub drop_icmp6_checksum: u64,
    pub drop_icmp6_type: u64,
    pub drop_ndp_format: u64,
    pub drop_ndp_not_ours: u64,
    pub drop_group_format: u64,
    pub drop_group_not_ours: u64,
    pub drop_udp_format: u64,
    pub drop_udp_checksum: u64,
    pub drop_udp_port: u64,
    pub drop_udp_full: u64,
    pub drop_tcp_format: u64,
    pub drop_tcp_checksum: u64,
    pub drop_tcp_options: u64,
    pub drop_tcp_flags: u64,
    pub drop_tcp_broadcast: u64,
    pub drop_tcp_port: u64,
    pub drop_tcp_backlog: u64,
    pub drop_tcp_memory: u64,
    pub drop_tcp_unacceptable: u64,
    pub drop_tcp_impossible: u64,
    pub drop_memory: u64,
    pub tx_frames: u64,
    pub tx_dropped: u64,
    pub tx_unresolved: u64,
    pub tx_parked_out: u64,
    pub tx_no_memory: u64,
    pub lends_refused: u64,
    pub copied_tx_bytes: u64,
    pub copied_compact_bytes: u64,
    pub arp_requests_sent: u64,
    pub arp_replies_sent: u64,
    pub arp_conflicts: u64,
    pub arp_claims: u64,
    pub arp_moves: u64,
    pub arp_evictions: u64,
    pub ndp_solicitations_sent: u64,
    pub ndp_advertisements_sent: u64,
    pub ndp_router_solicitations_sent: u64,
    pub ndp_limits_reached: u64,
    pub ndp_parts_ignored: u64,
    pub ndp_redirects: u64,
    pub ndp_conflicts: u64,
    pub ndp_evictions: u64,
    pub group_reports_sent: u64,
    pub ip_fragments_sent: u64,
    pub ip_reassembly_timeouts: u64,
    pub ip_reassembly_failed: u64,
    pub ip_reassembly_evicted: u64,
    pub icmp_echo_replies: u64,
    pub icmp_errors_sent: u64,
    pub icmp_errors_limited: u64,
    pub udp_sent: u64,
    pub tcp_sent: u64,
    pub tcp_rst_sent: u64,
    pub tcp_retransmitted: u64,
    pub tcp_timeouts: u64,
    pub tcp_fast_recoveries: u64,
    pub tcp_undone: u64,
    pub tcp_ecn_reductions: u64,
    pub tcp_lost_again: u64,
    pub tcp_tail_probes: u64,
    pub tcp_probes: u64,
    pub tcp_challenge_acks: u64,
    pub tcp_challenge_limited: u64,
    pub tcp_transfers_short: u64,
    pub tcp_out_of_order: u64,
    pub tcp_cookies_sent: u64,
    pub tcp_cookies_taken: u64,
    pub tcp_fast_opens: u64,
    pub tcp_fast_opens_failed: u64,
    pub tcp_timestamps_missing: u64,
    pub tcp_evicted: u64,
    pub tcp_displaced: u64,
    pub tcp_limits_reached: u64,
    pub tcp_opened_active: u64,
    pub tcp_opened_passive: u64,
    pub tcp_closed: u64,
    pub tcp_failed: u64,
    pub tcp_time_wait_recycled: u64,
}
zeroed!(leat_stats, 984, 8);
offsets!(leat_stats, rx_frames 0, rx_loopback 8, ip_reassembled 16, taken_merged 24, taken_arp 32, taken_fragment 40, taken_icmp 48, taken_udp 56, taken_tcp 64, taken_icmp6 72, taken_ndp 80, taken_group 88, drop_eth_short 96, drop_eth_not_ours 104, drop_eth_source 112, drop_eth_vlan 120, drop_eth_type 128, drop_arp_format 136, drop_arp_sender 144, drop_arp_not_ours 152, drop_arp_conflict 160, drop_ip_header 168, drop_ip_checksum 176, drop_ip_options 184, drop_ip_source 192, drop_ip_not_ours 200, drop_ip_protocol 208, drop_ip_fragment 216, drop_ip_fragment_again 224, drop_ip_fragment_condemned 232, drop_ip_fragment_limit 240, drop_icmp_format 248, drop_icmp_checksum 256, drop_icmp_type 264, drop_icmp_broadcast 272, drop_icmp_quote 280, drop_icmp_blind 288, drop_icmp_limit 296, drop_ip6_header 304, drop_ip6_headers 312, drop_ip6_source 320, drop_ip6_not_ours 328, drop_ip6_protocol 336, drop_icmp6_format 344, drop_icmp6_checksum 352, drop_icmp6_type 360, drop_ndp_format 368, drop_ndp_not_ours 376, drop_group_format 384, drop_group_not_ours 392, drop_udp_format 400, drop_udp_checksum 408, drop_udp_port 416, drop_udp_full 424, drop_tcp_format 432, drop_tcp_checksum 440, drop_tcp_options 448, drop_tcp_flags 456, drop_tcp_broadcast 464, drop_tcp_port 472, drop_tcp_backlog 480, drop_tcp_memory 488, drop_tcp_unacceptable 496, drop_tcp_impossible 504, drop_memory 512, tx_frames 520, tx_dropped 528, tx_unresolved 536, tx_parked_out 544, tx_no_memory 552, lends_refused 560, copied_tx_bytes 568, copied_compact_bytes 576, arp_requests_sent 584, arp_replies_sent 592, arp_conflicts 600, arp_claims 608, arp_moves 616, arp_evictions 624, ndp_solicitations_sent 632, ndp_advertisements_sent 640, ndp_router_solicitations_sent 648, ndp_limits_reached 656, ndp_parts_ignored 664, ndp_redirects 672, ndp_conflicts 680, ndp_evictions 688, group_reports_sent 696, ip_fragments_sent 704, ip_reassembly_timeouts 712, ip_reassembly_failed 720, ip_reassembly_evicted 728, icmp_echo_replies 736, icmp_errors_sent 744, icmp_errors_limited 752, udp_sent 760, tcp_sent 768, tcp_rst_sent 776, tcp_retransmitted 784, tcp_timeouts 792, tcp_fast_recoveries 800, tcp_undone 808, tcp_ecn_reductions 816, tcp_lost_again 824, tcp_tail_probes 832, tcp_probes 840, tcp_challenge_acks 848, tcp_challenge_limited 856, tcp_transfers_short 864, tcp_out_of_order 872, tcp_cookies_sent 880, tcp_cookies_taken 888, tcp_fast_opens 896, tcp_fast_opens_failed 904, tcp_timestamps_missing 912, tcp_evicted 920, tcp_displaced 928, tcp_limits_reached 936, tcp_opened_active 944, tcp_opened_passive 952, tcp_closed 960, tcp_failed 968, tcp_time_wait_recycled 976);
#[repr(C)]
#[derive(Clone, Copy)]
pub struct leat_store {
    pub block: *mut leat_block,
    pub entries: *mut leat_store_entry,
    pub record: *mut u8,
    pub on_mounted: Option<leat_store_fn>,
    pub mount_arg: *mut c_void,
    pub requests: *mut leat_store_request,
    pub end: *mut *mut leat_store_request,
    pub start: leat_timer,
    pub io: leat_block_request,
    pub view: leat_buf,
    pub io_at: u32,
    pub io_left: u32,
    pub io_done: u32,
    pub names: u32,
    pub record_sectors: u32,
    pub sector_bytes: u32,
    pub sectors: u32,
    pub valid: u32,
    pub sequence: u64,
    pub head: u32,
    pub tail: u32,
    pub tail_sequence: u64,
    pub next_tail: u32,
    pub next_tail_sequence: u64,
    pub window: u32,
    pub at: u32,
    pub walked: u32,
    pub chunk: u32,
    pub expected: u64,
    pub longer: u64,
    pub moves_left: u32,
    pub moving: u64,
    pub damaged: u64,
    pub moved: u64,
    pub written: u64,
    pub phase: u8,
    pub format: bool,
    pub is_mounted: bool,
    pub is_foreign: bool,
    pub is_found: bool,
    pub is_unreadable: bool,
}
zeroed!(leat_store, 408, 8);
offsets!(leat_store, block 0, entries 8, record 16, on_mounted 24, mount_arg 32, requests 40, end 48, start 56, io 136, view 192, io_at 256, io_left 260, io_done 264, names 268, record_sectors 272, sector_bytes 276, sectors 280, valid 284, sequence 288, head 296, tail 300, tail_sequence 304, next_tail 312, next_tail_sequence 320, window 328, at 332, walked 336, chunk 340, expected 344, longer 352, moves_left 360, moving 368, damaged 376, moved 384, written 392, phase 400, format 401, is_mounted 402, is_foreign 403, is_found 404, is_unreadable 405);
#[repr(C)]
#[derive(Clone, Copy)]
pub struct leat_store_config {
    pub names: u32,
    pub record_bytes: u32,
    pub format: bool,
    pub on_mounted: Option<leat_store_fn>,
    pub arg: *mut c_void,
    pub sectors: u64,
    pub reserved: [u64; 1],
}
zeroed!(leat_store_config, 48, 8);
offsets!(leat_store_config, names 0, record_bytes 4, format 8, on_mounted 16, arg 24, sectors 32, reserved 40);
#[repr(C)]
#[derive(Clone, Copy)]
pub struct leat_store_entry {
    pub name: [c_char; 32],
    pub sequence: u64,
    pub sector: u32,
    pub len: u32,
}
zeroed!(leat_store_entry, 48, 8);
offsets!(leat_store_entry, name 0, sequence 32, sector 40, len 44);
#[repr(C)]
#[derive(Clone, Copy)]
pub struct leat_store_info {
    pub names: u32,
    pub sectors: u32,
    pub sectors_valid: u32,
    pub value_max: u32,
    pub damaged: u64,
    pub moved: u64,
    pub written: u64,
}
zeroed!(leat_store_info, 40, 8);
offsets!(leat_store_info, names 0, sectors 4, sectors_valid 8, value_max 12, damaged 16, moved 24, written 32);
#[repr(C)]
#[derive(Clone, Copy)]
pub struct leat_store_request {
    pub next: *mut leat_store_request,
    pub on_done: Option<leat_store_fn>,
    pub arg: *mut c_void,
    pub value: *const c_void,
    pub to: *mut c_void,
    pub len: usize,
    pub what: u8,
    pub name: [c_char; 32],
}
zeroed!(leat_store_request, 88, 8);
offsets!(leat_store_request, next 0, on_done 8, arg 16, value 24, to 32, len 40, what 48, name 49);
#[repr(C)]
#[derive(Clone, Copy)]
pub struct leat_stream {
    pub ops: *const leat_stream_ops,
    pub end: *mut c_void,
}
zeroed!(leat_stream, 16, 8);
offsets!(leat_stream, ops 0, end 8);
#[repr(C)]
#[derive(Clone, Copy)]
pub struct leat_stream_ops {
    pub send_room: Option<unsafe extern "C" fn(*mut c_void) -> u32>,
    pub want_room: Option<unsafe extern "C" fn(*mut c_void, u32)>,
    pub send: Option<unsafe extern "C" fn(*mut c_void, *mut leat_buf) -> leat_err>,
    pub write: Option<unsafe extern "C" fn(*mut c_void, *const c_void, usize, *mut usize) -> leat_err>,
    pub receive: Option<unsafe extern "C" fn(*mut c_void, u32) -> *mut leat_buf>,
    pub consumed: Option<unsafe extern "C" fn(*mut c_void, u32)>,
    pub readable: Option<unsafe extern "C" fn(*const c_void) -> u32>,
    pub at_end: Option<unsafe extern "C" fn(*const c_void) -> bool>,
    pub shutdown: Option<unsafe extern "C" fn(*mut c_void) -> leat_err>,
    pub close: Option<unsafe extern "C" fn(*mut c_void) -> leat_err>,
    pub abort: Option<unsafe extern "C" fn(*mut c_void)>,
    pub set_events: Option<unsafe extern "C" fn(*mut c_void, *const leat_tcp_events, *mut c_void)>,
    pub progress: Option<unsafe extern "C" fn(*const c_void) -> leat_stream_progress>,
    pub stack: Option<unsafe extern "C" fn(*const c_void) -> *mut leat>,
    pub peer: Option<unsafe extern "C" fn(*const c_void) -> leat_ip>,
}
zeroed!(leat_stream_ops, 120, 8);
offsets!(leat_stream_ops, send_room 0, want_room 8, send 16, write 24, receive 32, consumed 40, readable 48, at_end 56, shutdown 64, close 72, abort 80, set_events 88, progress 96, stack 104, peer 112);
#[repr(C)]
#[derive(Clone, Copy)]
pub struct leat_stream_progress {
    pub queued_bytes: u32,
    pub taken: u32,
}
zeroed!(leat_stream_progress, 8, 4);
offsets!(leat_stream_progress, queued_bytes 0, taken 4);
#[repr(C)]
pub struct leat_syslog {
    _private: [u8; 0],
    _not_send: core::marker::PhantomData<(*mut u8, core::marker::PhantomPinned)>,
}
#[repr(C)]
#[derive(Clone, Copy)]
pub struct leat_syslog_config {
    pub server: leat_endpoint,
    pub tcp: bool,
    pub facility: u8,
    pub host_name: *const c_char,
    pub app_name: *const c_char,
    pub queue_bytes: u32,
    pub reserved: [u64; 2],
}
zeroed!(leat_syslog_config, 64, 8);
offsets!(leat_syslog_config, server 0, tcp 20, facility 21, host_name 24, app_name 32, queue_bytes 40, reserved 48);
#[repr(C)]
#[derive(Clone, Copy)]
pub struct leat_syslog_counts {
    pub sent: u64,
    pub lost: u64,
}
zeroed!(leat_syslog_counts, 16, 8);
offsets!(leat_syslog_counts, sent 0, lost 8);
#[repr(C)]
pub struct leat_tap {
    _private: [u8; 0],
    _not_send: core::marker::PhantomData<(*mut u8, core::marker::PhantomPinned)>,
}
#[repr(C)]
#[derive(Clone, Copy)]
pub struct leat_tap_config {
    pub device: *const c_char,
    pub mac: *const leat_mac,
    pub posix: *mut leat_posix,
    pub tun: bool,
    pub create: bool,
    pub backlog_frames: u16,
    pub mtu: u16,
    pub no_offload: bool,
    pub queues: u16,
    pub queue: u16,
    pub reserved: [u64; 2],
}
zeroed!(leat_tap_config, 56, 8);
offsets!(leat_tap_config, device 0, mac 8, posix 16, tun 24, create 25, backlog_frames 26, mtu 28, no_offload 30, queues 32, queue 34, reserved 40);
#[repr(C)]
#[derive(Clone, Copy)]
pub struct leat_tap_counters {
    pub rx_cut: u64,
    pub rx_starved: u64,
    pub tx_refused: u64,
    pub rx_copied: u64,
    pub tx_flattened: u64,
}
zeroed!(leat_tap_counters, 40, 8);
offsets!(leat_tap_counters, rx_cut 0, rx_starved 8, tx_refused 16, rx_copied 24, tx_flattened 32);
#[repr(C)]
pub struct leat_task {
    _private: [u8; 0],
    _not_send: core::marker::PhantomData<(*mut u8, core::marker::PhantomPinned)>,
}
#[repr(C)]
pub struct leat_tasks {
    _private: [u8; 0],
    _not_send: core::marker::PhantomData<(*mut u8, core::marker::PhantomPinned)>,
}
#[repr(C)]
#[derive(Clone, Copy)]
pub struct leat_tasks_config {
    pub tasks: u32,
    pub reserve: u32,
    pub stack_bytes: u32,
    pub waiting: u32,
    pub measure: bool,
    pub guard: Option<unsafe extern "C" fn(*mut c_void, usize, bool) -> bool>,
    pub slow_ns: u64,
    pub clock_ns: Option<unsafe extern "C" fn(*mut c_void) -> u64>,
    pub on_slow: Option<unsafe extern "C" fn(*const c_char, u64, *mut c_void)>,
    pub interrupt: Option<unsafe extern "C" fn(*const leat_task, *mut c_void) -> bool>,
    pub arg: *mut c_void,
    pub reserved: [u64; 2],
}
zeroed!(leat_tasks_config, 88, 8);
offsets!(leat_tasks_config, tasks 0, reserve 4, stack_bytes 8, waiting 12, measure 16, guard 24, slow_ns 32, clock_ns 40, on_slow 48, interrupt 56, arg 64, reserved 72);
#[repr(C)]
#[derive(Clone, Copy)]
pub struct leat_tasks_counts {
    pub started: u64,
    pub ended: u64,
    pub cancelled: u64,
    pub timeouts: u64,
    pub refused: u64,
    pub displaced: u64,
    pub slow: u64,
}
zeroed!(leat_tasks_counts, 56, 8);
offsets!(leat_tasks_counts, started 0, ended 8, cancelled 16, timeouts 24, refused 32, displaced 40, slow 48);
#[repr(C)]
pub struct leat_tcp {
    _private: [u8; 0],
    _not_send: core::marker::PhantomData<(*mut u8, core::marker::PhantomPinned)>,
}
#[repr(C)]
#[derive(Clone, Copy)]
pub struct leat_tcp_config {
    pub connections: u32,
    pub half_open: u32,
    pub time_wait: u32,
    pub listeners: u16,
    pub reorder_runs: u32,
    pub reorder_runs_per_connection: u32,
    pub sent_segments: u32,
    pub transfers: u32,
    pub bbr_connections: u32,
    pub peers: u32,
    pub share_percent: u16,
    pub receive_window_bytes: u32,
    pub send_queue_bytes: u32,
    pub rto_min_ns: u64,
    pub rto_max_ns: u64,
    pub delayed_ack_ns: u64,
    pub msl_ns: u64,
    pub fin_wait_2_ns: u64,
    pub user_timeout_ns: u64,
    pub connect_timeout_ns: u64,
    pub keepalive_idle_ns: u64,
    pub keepalive_interval_ns: u64,
    pub keepalive_probes: u8,
    pub congestion: *const leat_tcp_congestion,
    pub initial_window_segments: u16,
    pub ecn: leat_tcp_ecn,
    pub no_timestamps: bool,
    pub no_sack: bool,
    pub fast_open: bool,
    pub no_cookies: bool,
    pub no_pacing: bool,
    pub no_rack: bool,
    pub on_transition: Option<unsafe extern "C" fn(*mut c_void, u32, u32, u32)>,
    pub on_transition_arg: *mut c_void,
    pub reserved: [u64; 2],
}
zeroed!(leat_tcp_config, 192, 8);
offsets!(leat_tcp_config, connections 0, half_open 4, time_wait 8, listeners 12, reorder_runs 16, reorder_runs_per_connection 20, sent_segments 24, transfers 28, bbr_connections 32, peers 36, share_percent 40, receive_window_bytes 44, send_queue_bytes 48, rto_min_ns 56, rto_max_ns 64, delayed_ack_ns 72, msl_ns 80, fin_wait_2_ns 88, user_timeout_ns 96, connect_timeout_ns 104, keepalive_idle_ns 112, keepalive_interval_ns 120, keepalive_probes 128, congestion 136, initial_window_segments 144, ecn 148, no_timestamps 152, no_sack 153, fast_open 154, no_cookies 155, no_pacing 156, no_rack 157, on_transition 160, on_transition_arg 168, reserved 176);
#[repr(C)]
pub struct leat_tcp_congestion {
    _private: [u8; 0],
    _not_send: core::marker::PhantomData<(*mut u8, core::marker::PhantomPinned)>,
}
#[repr(C)]
#[derive(Clone, Copy)]
pub struct leat_tcp_events {
    pub on_open: Option<unsafe extern "C" fn(*mut leat_tcp, *mut c_void)>,
    pub on_readable: Option<unsafe extern "C" fn(*mut leat_tcp, *mut c_void)>,
    pub on_writable: Option<unsafe extern "C" fn(*mut leat_tcp, *mut c_void)>,
    pub on_closed: Option<unsafe extern "C" fn(*mut leat_tcp, leat_err, *mut c_void)>,
    pub on_drain: Option<unsafe extern "C" fn(*mut leat_tcp, bool, *mut c_void) -> bool>,
}
zeroed!(leat_tcp_events, 40, 8);
offsets!(leat_tcp_events, on_open 0, on_readable 8, on_writable 16, on_closed 24, on_drain 32);
#[repr(C)]
#[derive(Clone, Copy)]
pub struct leat_tcp_info {
    pub state: leat_tcp_state,
    pub local: leat_endpoint,
    pub remote: leat_endpoint,
    pub snd_una: u32,
    pub snd_nxt: u32,
    pub rcv_nxt: u32,
    pub snd_wnd_bytes: u32,
    pub rcv_wnd_bytes: u32,
    pub cwnd_bytes: u32,
    pub ssthresh_bytes: u32,
    pub mss_bytes: u16,
    pub snd_wind_shift: u8,
    pub rcv_wind_shift: u8,
    pub srtt_ns: u64,
    pub rttvar_ns: u64,
    pub rto_ns: u64,
    pub retransmits: u64,
    pub path_mtu_bytes: u16,
    pub timestamps: bool,
    pub sack: bool,
    pub ecn: bool,
    pub accurate_ecn: bool,
    pub repair: leat_tcp_repair,
    pub in_flight_bytes: u32,
    pub sacked_bytes: u32,
    pub lost_bytes: u32,
    pub min_rtt_ns: u64,
    pub congestion: *const c_char,
    pub queued_bytes: u32,
    pub readable_bytes: u32,
    pub soft_error: leat_err,
    pub reserved: [u64; 2],
}
zeroed!(leat_tcp_info, 184, 8);
offsets!(leat_tcp_info, state 0, local 4, remote 24, snd_una 44, snd_nxt 48, rcv_nxt 52, snd_wnd_bytes 56, rcv_wnd_bytes 60, cwnd_bytes 64, ssthresh_bytes 68, mss_bytes 72, snd_wind_shift 74, rcv_wind_shift 75, srtt_ns 80, rttvar_ns 88, rto_ns 96, retransmits 104, path_mtu_bytes 112, timestamps 114, sack 115, ecn 116, accurate_ecn 117, repair 120, in_flight_bytes 124, sacked_bytes 128, lost_bytes 132, min_rtt_ns 136, congestion 144, queued_bytes 152, readable_bytes 156, soft_error 160, reserved 168);
#[repr(C)]
#[derive(Clone, Copy)]
pub struct leat_tcp_listen_config {
    pub ip: leat_ip,
    pub port: u16,
    pub backlog: u16,
    pub connections: u32,
    pub per_address: u32,
    pub idle_timeout_ns: u64,
    pub lifetime_ns: u64,
    pub displace: bool,
    pub v6_only: bool,
    pub mss_max: u16,
    pub send_queue_bytes: u32,
    pub fast_open: leat_tcp_choice,
    pub initial_window_segments: u16,
    pub congestion: *const leat_tcp_congestion,
    pub on_acceptable: Option<unsafe extern "C" fn(*mut leat_tcp_listener, *mut c_void)>,
    pub arg: *mut c_void,
    pub reserved: [u64; 2],
}
zeroed!(leat_tcp_listen_config, 104, 8);
offsets!(leat_tcp_listen_config, ip 0, port 16, backlog 18, connections 20, per_address 24, idle_timeout_ns 32, lifetime_ns 40, displace 48, v6_only 49, mss_max 50, send_queue_bytes 52, fast_open 56, initial_window_segments 60, congestion 64, on_acceptable 72, arg 80, reserved 88);
#[repr(C)]
pub struct leat_tcp_listener {
    _private: [u8; 0],
    _not_send: core::marker::PhantomData<(*mut u8, core::marker::PhantomPinned)>,
}
#[repr(C)]
#[derive(Clone, Copy)]
pub struct leat_tcp_rtts {
    pub counts: [u64; 21],
    pub sum_ns: u64,
}
zeroed!(leat_tcp_rtts, 176, 8);
offsets!(leat_tcp_rtts, counts 0, sum_ns 168);
#[repr(C)]
#[derive(Clone, Copy)]
pub struct leat_timer {
    pub inside: [u64; 8],
    pub on_time: Option<leat_timer_fn>,
    pub arg: *mut c_void,
}
zeroed!(leat_timer, 80, 8);
offsets!(leat_timer, inside 0, on_time 64, arg 72);
#[repr(C)]
pub struct leat_tls {
    _private: [u8; 0],
    _not_send: core::marker::PhantomData<(*mut u8, core::marker::PhantomPinned)>,
}
#[repr(C)]
#[derive(Clone, Copy)]
pub struct leat_tls_client {
    pub name: *const c_char,
    pub anchors: *const leat_crypto_anchors,
    pub pins: *const leat_tls_pin,
    pub pin_count: u8,
    pub anybody: bool,
    pub protocols: *const *const c_char,
    pub protocol_count: u16,
    pub ticket: *mut leat_tls_ticket,
    pub early: *const c_void,
    pub early_len: usize,
    pub reserved: [u64; 2],
}
zeroed!(leat_tls_client, 88, 8);
offsets!(leat_tls_client, name 0, anchors 8, pins 16, pin_count 24, anybody 25, protocols 32, protocol_count 40, ticket 48, early 56, early_len 64, reserved 72);
#[repr(C)]
#[derive(Clone, Copy)]
pub struct leat_tls_config {
    pub crypto: *const leat_crypto,
    pub identities: *const *const leat_tls_identity,
    pub identity_count: u16,
    pub protocols: *const *const c_char,
    pub protocol_count: u16,
    pub server_handshakes: u16,
    pub client_handshakes: u16,
    pub cookie_handshakes: u16,
    pub sessions: u32,
    pub server_message_bytes: u16,
    pub client_message_bytes: u16,
    pub signatures_per_turn: u16,
    pub handshake_ns: u64,
    pub stall_ns: u64,
    pub record_ns: u64,
    pub linger_ns: u64,
    pub records_per_key: u64,
    pub ticket_lifetime_s: u32,
    pub no_tickets: bool,
    pub early: *const leat_tls_early,
    pub early_bytes: u32,
    pub early_hellos: u32,
    pub on_early: Option<unsafe extern "C" fn(*mut c_void)>,
    pub civil_time_s: Option<unsafe extern "C" fn(*mut c_void) -> u64>,
    pub on_secret: Option<unsafe extern "C" fn(*const c_char, *mut c_void)>,
    pub arg: *mut c_void,
    pub challenge: *const leat_tls_identity,
    pub reserved: [u64; 2],
}
zeroed!(leat_tls_config, 176, 8);
offsets!(leat_tls_config, crypto 0, identities 8, identity_count 16, protocols 24, protocol_count 32, server_handshakes 34, client_handshakes 36, cookie_handshakes 38, sessions 40, server_message_bytes 44, client_message_bytes 46, signatures_per_turn 48, handshake_ns 56, stall_ns 64, record_ns 72, linger_ns 80, records_per_key 88, ticket_lifetime_s 96, no_tickets 100, early 104, early_bytes 112, early_hellos 116, on_early 120, civil_time_s 128, on_secret 136, arg 144, challenge 152, reserved 160);
#[repr(C)]
#[derive(Clone, Copy)]
pub struct leat_tls_counts {
    pub accepted: u64,
    pub connected: u64,
    pub retried: u64,
    pub failed: u64,
    pub alerts_received: u64,
    pub timeouts: u64,
    pub cut_short: u64,
    pub refused: u64,
    pub displaced: u64,
    pub key_updates: u64,
    pub copied_bytes: u64,
    pub waited: u64,
    pub resumed: u64,
    pub tickets_sent: u64,
    pub tickets_refused: u64,
    pub tickets_kept: u64,
    pub cookies: u64,
    pub early_bytes: u64,
    pub early_taken: u64,
    pub early_refused: u64,
    pub early_repeated: u64,
}
zeroed!(leat_tls_counts, 168, 8);
offsets!(leat_tls_counts, accepted 0, connected 8, retried 16, failed 24, alerts_received 32, timeouts 40, cut_short 48, refused 56, displaced 64, key_updates 72, copied_bytes 80, waited 88, resumed 96, tickets_sent 104, tickets_refused 112, tickets_kept 120, cookies 128, early_bytes 136, early_taken 144, early_refused 152, early_repeated 160);
#[repr(C)]
pub struct leat_tls_early {
    _private: [u8; 0],
    _not_send: core::marker::PhantomData<(*mut u8, core::marker::PhantomPinned)>,
}
#[repr(C)]
#[derive(Clone, Copy)]
pub struct leat_tls_identity {
    pub names: *const *const c_char,
    pub name_count: u16,
    pub chain_count: u8,
    pub chain: [leat_crypto_piece; 6],
    pub key: leat_crypto_private,
    pub inside: leat_crypto_public,
}
zeroed!(leat_tls_identity, 2160, 8);
offsets!(leat_tls_identity, names 0, name_count 8, chain_count 10, chain 16, key 112, inside 1584);
#[repr(C)]
#[derive(Clone, Copy)]
pub struct leat_tls_info {
    pub open: bool,
    pub server: bool,
    pub resumed: bool,
    pub suite: u16,
    pub group: u16,
    pub scheme: u16,
    pub early_bytes: u32,
    pub alert_sent: u8,
    pub alert_received: u8,
    pub protocol: *const c_char,
    pub why: *const c_char,
    pub reserved: [u64; 2],
}
zeroed!(leat_tls_info, 56, 8);
offsets!(leat_tls_info, open 0, server 1, resumed 2, suite 4, group 6, scheme 8, early_bytes 12, alert_sent 16, alert_received 17, protocol 24, why 32, reserved 40);
#[repr(C)]
#[derive(Clone, Copy)]
pub struct leat_tls_pin {
    pub digest: [u8; 32],
}
zeroed!(leat_tls_pin, 32, 1);
offsets!(leat_tls_pin, digest 0);
#[repr(C)]
#[derive(Clone, Copy)]
pub struct leat_tls_ticket {
    pub identity_len: u16,
    pub suite: u16,
    pub lifetime_s: u32,
    pub age_add: u32,
    pub early_bytes: u32,
    pub received_s: u64,
    pub checked_s: u64,
    pub name: [u8; 16],
    pub protocol: [c_char; 32],
    pub secret: [u8; 48],
    pub identity: [u8; 512],
}
zeroed!(leat_tls_ticket, 640, 8);
offsets!(leat_tls_ticket, identity_len 0, suite 2, lifetime_s 4, age_add 8, early_bytes 12, received_s 16, checked_s 24, name 32, protocol 48, secret 80, identity 128);
#[repr(C)]
#[derive(Clone, Copy)]
pub struct leat_top {
    pub entries: [leat_top_entry; 64],
}
zeroed!(leat_top, 17408, 8);
offsets!(leat_top, entries 0);
#[repr(C)]
#[derive(Clone, Copy)]
pub struct leat_top_entry {
    pub count: u64,
    pub above: u64,
    pub key_len: u8,
    pub key: [u8; 255],
}
zeroed!(leat_top_entry, 272, 8);
offsets!(leat_top_entry, count 0, above 8, key_len 16, key 17);
#[repr(C)]
pub struct leat_udp {
    _private: [u8; 0],
    _not_send: core::marker::PhantomData<(*mut u8, core::marker::PhantomPinned)>,
}
#[repr(C)]
#[derive(Clone, Copy)]
pub struct leat_udp_config {
    pub sockets: u16,
    pub queue_max: u16,
    pub groups: u16,
    pub reserved: [u64; 2],
}
zeroed!(leat_udp_config, 24, 8);
offsets!(leat_udp_config, sockets 0, queue_max 2, groups 4, reserved 8);
#[repr(C)]
#[derive(Clone, Copy)]
pub struct leat_udp_counts {
    pub received: u64,
    pub sent: u64,
    pub unsent: u64,
    pub drop_checksum: u64,
    pub drop_full: u64,
    pub drop_peer: u64,
    pub drop_family: u64,
    pub drop_group: u64,
}
zeroed!(leat_udp_counts, 64, 8);
offsets!(leat_udp_counts, received 0, sent 8, unsent 16, drop_checksum 24, drop_full 32, drop_peer 40, drop_family 48, drop_group 56);
#[repr(C)]
#[derive(Clone, Copy)]
pub struct leat_udp_events {
    pub on_datagram: Option<unsafe extern "C" fn(*mut leat_udp, *mut leat_buf, *const leat_endpoint, *const leat_endpoint, *mut c_void)>,
    pub on_error: Option<unsafe extern "C" fn(*mut leat_udp, leat_err, *const leat_endpoint, *mut c_void)>,
}
zeroed!(leat_udp_events, 16, 8);
offsets!(leat_udp_events, on_datagram 0, on_error 8);
#[repr(C)]
#[derive(Clone, Copy)]
pub struct leat_unreachable {
    pub to: leat_ip,
    pub from: leat_ip,
    pub how: leat_unreachable_how,
    pub r#type: u8,
    pub code: u8,
    pub at_ns: u64,
}
zeroed!(leat_unreachable, 48, 8);
offsets!(leat_unreachable, to 0, from 16, how 32, r#type 36, code 37, at_ns 40);
#[repr(C)]
#[derive(Clone, Copy)]
pub struct leat_url {
    pub secure: bool,
    pub port: u16,
    pub host: [c_char; 256],
    pub target: *const c_char,
    pub target_len: usize,
}
zeroed!(leat_url, 280, 8);
offsets!(leat_url, secure 0, port 2, host 4, target 264, target_len 272);
#[repr(C)]
pub struct leat_vlan {
    _private: [u8; 0],
    _not_send: core::marker::PhantomData<(*mut u8, core::marker::PhantomPinned)>,
}
#[repr(C)]
#[derive(Clone, Copy)]
pub struct leat_vlan_config {
    pub members: *const leat_vlan_member,
    pub member_count: u32,
    pub mtu: u16,
    pub queue_frames: u32,
    pub reserved: [u64; 2],
}
zeroed!(leat_vlan_config, 40, 8);
offsets!(leat_vlan_config, members 0, member_count 8, mtu 12, queue_frames 16, reserved 24);
#[repr(C)]
#[derive(Clone, Copy)]
pub struct leat_vlan_counts {
    pub rx_unknown: u64,
    pub rx_malformed: u64,
    pub rx_overflowed: u64,
    pub tx_no_memory: u64,
    pub last_unknown: u16,
}
zeroed!(leat_vlan_counts, 40, 8);
offsets!(leat_vlan_counts, rx_unknown 0, rx_malformed 8, rx_overflowed 16, tx_no_memory 24, last_unknown 32);
#[repr(C)]
#[derive(Clone, Copy)]
pub struct leat_vlan_member {
    pub id: u16,
    pub priority: u8,
}
zeroed!(leat_vlan_member, 4, 2);
offsets!(leat_vlan_member, id 0, priority 2);
#[repr(C)]
#[derive(Clone, Copy)]
pub struct leat_zip {
    pub first: *mut leat_zip_block,
    pub last: *mut leat_zip_block,
    pub root: *mut leat_zip_entry,
    pub open: *mut leat_zip_entry,
    pub told: usize,
    pub key: [u64; 2],
    pub at: u64,
    pub entries: u64,
    pub directory: u64,
    pub crc32: Option<leat_zip_crc32>,
    pub stored: bool,
    pub ending: bool,
    pub ended: bool,
}
zeroed!(leat_zip, 96, 8);
offsets!(leat_zip, first 0, last 8, root 16, open 24, told 32, key 40, at 56, entries 64, directory 72, crc32 80, stored 88, ending 89, ended 90);
#[repr(C)]
pub struct leat_zip_block {
    _private: [u8; 0],
    _not_send: core::marker::PhantomData<(*mut u8, core::marker::PhantomPinned)>,
}
#[repr(C)]
pub struct leat_zip_entry {
    _private: [u8; 0],
    _not_send: core::marker::PhantomData<(*mut u8, core::marker::PhantomPinned)>,
}
test_offsets!(leat_acceptor leat_acme_config leat_acme_info leat_acme_keep leat_archive_counts leat_autoconf_config leat_autoconf_facts leat_block leat_block_counters leat_block_device leat_block_ops leat_block_request leat_blocklist_answer leat_blocklist_counts leat_blocklist_line leat_blocklist_question leat_blocklist_text leat_buf leat_capture_frame leat_capture_left_out leat_capture_source leat_channel leat_civil_date leat_config leat_connect_config leat_connect_lookup leat_connect_try leat_connecting leat_crypto leat_crypto_aead_key leat_crypto_anchors leat_crypto_certificate leat_crypto_chain leat_crypto_hashing leat_crypto_job leat_crypto_ops leat_crypto_pem leat_crypto_piece leat_crypto_private leat_crypto_public leat_crypto_share leat_crypto_stretch leat_dashboard_config leat_datagram leat_dhcp6_config leat_dhcp6_counts leat_dhcp6_lease leat_dhcp_config leat_dhcp_counts leat_dhcp_lease leat_dhcp_route leat_dns_access leat_dns_name leat_dns_record leat_dns_result leat_dns_server_config leat_dns_server_counts leat_dns_zone_error leat_dns_zones leat_doh_client_config leat_doh_client_counts leat_doh_config leat_doh_counts leat_doh_server leat_drained leat_drainer leat_endpoint leat_file leat_files leat_files_built_in leat_files_layers leat_files_medium leat_flow leat_forwarder_config leat_forwarder_counts leat_forwarder_domain leat_forwarder_domain_counts leat_forwarder_network leat_forwarder_own leat_forwarder_query leat_forwarder_question leat_holdings leat_host leat_http_access leat_http_carrier leat_http_client_config leat_http_client_counts leat_http_file leat_http_flow leat_http_folder leat_http_folder_config leat_http_handler leat_http_head leat_http_login leat_http_passwords leat_http_redirect leat_http_request leat_http_route leat_http_server_config leat_http_server_counts leat_ip leat_ip_link_counts leat_ipv6_config leat_ipv6_policy leat_link_counts leat_link_faults leat_lookup_failure leat_mac leat_mailbox leat_multipart leat_netif leat_netif_ops leat_passt_config leat_pcap_reader_config leat_pcap_reader_counters leat_refusal leat_resolver_config leat_resolver_counts leat_resolver_server leat_service leat_shm_config leat_shm_counters leat_slaac_config leat_slaac_counts leat_slaac_facts leat_sntp_config leat_sntp_counts leat_sntp_report leat_socket_config leat_socket_counters leat_stats leat_store leat_store_config leat_store_entry leat_store_info leat_store_request leat_stream leat_stream_ops leat_stream_progress leat_syslog_config leat_syslog_counts leat_tap_config leat_tap_counters leat_tasks_config leat_tasks_counts leat_tcp_config leat_tcp_events leat_tcp_info leat_tcp_listen_config leat_tcp_rtts leat_timer leat_tls_client leat_tls_config leat_tls_counts leat_tls_identity leat_tls_info leat_tls_pin leat_tls_ticket leat_top leat_top_entry leat_udp_config leat_udp_counts leat_udp_events leat_unreachable leat_url leat_vlan_config leat_vlan_counts leat_vlan_member leat_zip);
extern "C" {
    pub static leat_tcp_bbr: leat_tcp_congestion;
    pub static leat_tcp_cubic: leat_tcp_congestion;
    pub static leat_tcp_newreno: leat_tcp_congestion;
    pub static leat_tls_early: leat_tls_early;
    pub fn leat_acceptor_close(acceptor: *mut leat_acceptor);
    pub fn leat_acceptor_open(acceptor: *mut leat_acceptor, tasks: *mut leat_tasks, config: *const leat_tcp_listen_config) -> leat_err;
    pub fn leat_acme_close(acme: *mut leat_acme);
    pub fn leat_acme_get_info(acme: *const leat_acme, info: *mut leat_acme_info);
    pub fn leat_acme_kept(acme: *mut leat_acme, err: leat_err, len: usize);
    pub fn leat_acme_memory_bytes() -> usize;
    pub fn leat_acme_now(acme: *mut leat_acme, force: bool);
    pub fn leat_acme_open(acme: *mut *mut leat_acme, stack: *mut leat, memory: *mut c_void, bytes: usize, config: *const leat_acme_config) -> leat_err;
    pub fn leat_acme_route(acme: *mut *mut leat_acme, route: *mut leat_http_route);
    pub fn leat_address(stack: *const leat, netif: *const leat_netif) -> leat_ip;
    pub fn leat_address_add(stack: *mut leat, netif: *mut leat_netif, ip: leat_ip, prefix_bits: u8) -> leat_err;
    pub fn leat_address_is_ours(stack: *const leat, ip: leat_ip) -> bool;
    pub fn leat_address_remove(stack: *mut leat, netif: *mut leat_netif, ip: leat_ip) -> leat_err;
    pub fn leat_archive_counts(files: *const leat_files) -> *const leat_archive_counts;
    pub fn leat_archive_medium_memory_bytes(medium: *mut leat_files_medium, part: *mut u8, why: *mut c_char) -> usize;
    pub fn leat_archive_memory_bytes(archive: *const c_void, len: usize, why: *mut c_char) -> usize;
    pub fn leat_archive_open(files: *mut *mut leat_files, memory: *mut c_void, bytes: usize, archive: *const c_void, len: usize, why: *mut c_char) -> leat_err;
    pub fn leat_archive_open_medium(files: *mut *mut leat_files, memory: *mut c_void, bytes: usize, medium: *mut leat_files_medium, part: *mut u8, why: *mut c_char) -> leat_err;
    pub fn leat_assert_failed(file: *const c_char, line: u32);
    pub fn leat_attach(stack: *mut leat, netif: *mut leat_netif) -> leat_err;
    pub fn leat_autoconf_dhcp(autoconf: *const leat_autoconf) -> *const leat_dhcp;
    pub fn leat_autoconf_dhcp6(autoconf: *const leat_autoconf) -> *const leat_dhcp6;
    pub fn leat_autoconf_facts(autoconf: *const leat_autoconf) -> *const leat_autoconf_facts;
    pub fn leat_autoconf_keep(autoconf: *const leat_autoconf, kept: *mut u8) -> bool;
    pub fn leat_autoconf_memory_bytes() -> usize;
    pub fn leat_autoconf_restart(autoconf: *mut leat_autoconf) -> leat_err;
    pub fn leat_autoconf_slaac(autoconf: *const leat_autoconf) -> *const leat_slaac;
    pub fn leat_autoconf_start(stack: *mut leat, netif: *mut leat_netif, autoconf: *mut *mut leat_autoconf, config: *const leat_autoconf_config) -> leat_err;
    pub fn leat_autoconf_stop(autoconf: *mut leat_autoconf, release: bool);
    pub fn leat_autoconf_waited_ns(autoconf: *const leat_autoconf) -> u64;
    pub fn leat_autoconf_why(autoconf: *const leat_autoconf, text: *mut c_char) -> usize;
    pub fn leat_block_close(block: *mut leat_block);
    pub fn leat_block_counters(block: *const leat_block) -> *const leat_block_counters;
    pub fn leat_block_open(block: *mut leat_block, stack: *mut leat, device: *mut leat_block_device) -> leat_err;
    pub fn leat_block_pending(block: *const leat_block) -> u32;
    pub fn leat_block_submit(block: *mut leat_block, request: *mut leat_block_request) -> leat_err;
    pub fn leat_blocklist_add(list: *mut leat_blocklist, name: *const leat_dns_name, marks: u32) -> leat_err;
    pub fn leat_blocklist_ask(list: *const leat_blocklist, question: *const leat_blocklist_question, answer: *mut leat_blocklist_answer);
    pub fn leat_blocklist_begin(list: *mut leat_blocklist, allow: bool);
    pub fn leat_blocklist_counts(list: *const leat_blocklist) -> *const leat_blocklist_counts;
    pub fn leat_blocklist_end(list: *mut leat_blocklist);
    pub fn leat_blocklist_find(list: *const leat_blocklist, name: *const leat_dns_name) -> leat_blocklist_verdict;
    pub fn leat_blocklist_give_rules(list: *mut leat_blocklist, memory: *mut c_void, bytes: usize) -> leat_err;
    pub fn leat_blocklist_memory_bytes(names_max: u32) -> usize;
    pub fn leat_blocklist_open(list: *mut *mut leat_blocklist, memory: *mut c_void, bytes: usize, names_max: u32, key: *const u64) -> leat_err;
    pub fn leat_blocklist_read(list: *mut leat_blocklist, text: *const c_void, len: usize);
    pub fn leat_blocklist_text(list: *const leat_blocklist) -> *const leat_blocklist_text;
    pub fn leat_buf_alloc(pool: *mut leat_pool, headroom: u32) -> *mut leat_buf;
    pub fn leat_buf_alloc_small(pool: *mut leat_pool, headroom: u32) -> *mut leat_buf;
    pub fn leat_buf_append(buf: *mut leat_buf, tail: *mut leat_buf);
    pub fn leat_buf_consume(buf: *mut leat_buf, bytes: u32) -> *mut leat_buf;
    pub fn leat_buf_copy(pool: *mut leat_pool, bytes: *const c_void, len: u32) -> *mut leat_buf;
    pub fn leat_buf_free(buf: *mut leat_buf);
    pub fn leat_buf_headroom(buf: *const leat_buf) -> u32;
    pub fn leat_buf_held(buf: *const leat_buf) -> u32;
    pub fn leat_buf_lend(pool: *mut leat_pool, bytes: *const c_void, len: u32, release: Option<unsafe extern "C" fn(*mut c_void)>, arg: *mut c_void) -> *mut leat_buf;
    pub fn leat_buf_pull(buf: *mut leat_buf, bytes: u32) -> *mut u8;
    pub fn leat_buf_push(buf: *mut leat_buf, bytes: u32) -> *mut u8;
    pub fn leat_buf_put(buf: *mut leat_buf, bytes: u32) -> *mut u8;
    pub fn leat_buf_read(buf: *const leat_buf, offset: u32, bytes: *mut c_void, len: u32) -> u32;
    pub fn leat_buf_slice(buf: *const leat_buf, offset: u32, len: u32) -> *mut leat_buf;
    pub fn leat_buf_tailroom(buf: *const leat_buf) -> u32;
    pub fn leat_buf_total(buf: *const leat_buf) -> u32;
    pub fn leat_buf_trim(buf: *mut leat_buf, total: u32);
    pub fn leat_capture_close(capture: *mut leat_capture);
    pub fn leat_capture_left_out(capture: *const leat_capture) -> leat_capture_left_out;
    pub fn leat_capture_next(capture: *mut leat_capture, frame: *mut leat_capture_frame) -> leat_err;
    pub fn leat_capture_notes(capture: *const leat_capture) -> *const c_char;
    pub fn leat_capture_open(capture: *mut *mut leat_capture, path: *const c_char, why: *mut c_char) -> leat_err;
    pub fn leat_capture_open_source(capture: *mut *mut leat_capture, source: *const leat_capture_source, name: *const c_char, why: *mut c_char) -> leat_err;
    pub fn leat_capture_position(capture: *const leat_capture) -> u64;
    pub fn leat_capture_size(capture: *const leat_capture) -> u64;
    pub fn leat_capture_unwrap(capture: *mut leat_capture);
    pub fn leat_capture_why(capture: *const leat_capture) -> *const c_char;
    pub fn leat_channel_close(channel: *mut leat_channel);
    pub fn leat_channel_offer(channel: *mut leat_channel, item: *mut c_void) -> leat_err;
    pub fn leat_channel_open(channel: *mut leat_channel, tasks: *mut leat_tasks, items: *mut *mut c_void, count_max: u32);
    pub fn leat_channel_receive(channel: *mut leat_channel, item: *mut *mut c_void, deadline_ns: u64) -> leat_err;
    pub fn leat_channel_send(channel: *mut leat_channel, item: *mut c_void, deadline_ns: u64) -> leat_err;
    pub fn leat_channel_take(channel: *mut leat_channel, item: *mut *mut c_void) -> bool;
    pub fn leat_civil_date(civil_ns: u64) -> leat_civil_date;
    pub fn leat_civil_format_http(civil_ns: u64, text: *mut c_char);
    pub fn leat_civil_from_host(stack: *mut leat, host: *mut leat_host) -> bool;
    pub fn leat_civil_ns(stack: *const leat) -> u64;
    pub fn leat_civil_of_date(date: *const leat_civil_date) -> u64;
    pub fn leat_civil_parse_http(text: *const c_char, len: usize) -> u64;
    pub fn leat_civil_set(stack: *mut leat, civil_ns: u64);
    pub fn leat_close(stack: *mut leat);
    pub fn leat_connect(stack: *mut leat, connecting: *mut leat_connecting, config: *const leat_connect_config, host: *const c_char, port: u16, deadline_ns: u64) -> leat_err;
    pub fn leat_connect_cancel(connecting: *mut leat_connecting);
    pub fn leat_connect_format(connecting: *const leat_connecting, err: leat_err, text: *mut c_char) -> usize;
    pub fn leat_crc32(crc: u32, bytes: *const c_void, len: usize) -> u32;
    pub fn leat_crypto_address(name: *const c_char, address: *mut u8) -> usize;
    pub fn leat_crypto_chain_glance(chain: *const leat_crypto_chain) -> leat_crypto_verdict;
    pub fn leat_crypto_digest_bytes(hash: leat_crypto_hash) -> usize;
    pub fn leat_crypto_equal(a: *const c_void, b: *const c_void, len: usize) -> bool;
    pub fn leat_crypto_hkdf_expand(crypto: *const leat_crypto, hash: leat_crypto_hash, prk: *const u8, info: *const c_void, info_len: usize, out: *mut u8, len: usize) -> bool;
    pub fn leat_crypto_hkdf_extract(crypto: *const leat_crypto, hash: leat_crypto_hash, salt: *const u8, salt_len: usize, ikm: *const u8, ikm_len: usize, prk: *mut u8) -> bool;
    pub fn leat_crypto_key_bytes(aead: leat_crypto_aead) -> usize;
    pub fn leat_crypto_made(der: *mut u8, scalar: *const u8, point: *const u8);
    pub fn leat_crypto_pem_is_private(pem: *const leat_crypto_pem) -> bool;
    pub fn leat_crypto_pem_next(text: *mut *const c_char, len: *mut usize, pem: *mut leat_crypto_pem, der: *mut u8, der_bytes: usize) -> leat_err;
    pub fn leat_crypto_piece_of(bytes: *const c_void, len: usize) -> leat_crypto_piece;
    pub fn leat_crypto_why(verdict: leat_crypto_verdict) -> *const c_char;
    pub fn leat_crypto_wipe(bytes: *mut c_void, len: usize);
    pub fn leat_dashboard_memory_bytes(config: *const leat_dashboard_config) -> usize;
    pub fn leat_dashboard_route(dashboard: *mut leat_dashboard, path: *const c_char) -> leat_http_route;
    pub fn leat_dashboard_start(dashboard: *mut *mut leat_dashboard, stack: *mut leat, memory: *mut c_void, bytes: usize, config: *const leat_dashboard_config) -> leat_err;
    pub fn leat_dashboard_stop(dashboard: *mut leat_dashboard);
    pub fn leat_dhcp6_confirm(dhcp6: *mut leat_dhcp6);
    pub fn leat_dhcp6_counts(dhcp6: *const leat_dhcp6) -> *const leat_dhcp6_counts;
    pub fn leat_dhcp6_expires_ns(dhcp6: *const leat_dhcp6) -> u64;
    pub fn leat_dhcp6_inform(dhcp6: *mut leat_dhcp6) -> leat_err;
    pub fn leat_dhcp6_keep(lease: *const leat_dhcp6_lease, kept: *mut u8);
    pub fn leat_dhcp6_lease(dhcp6: *const leat_dhcp6) -> *const leat_dhcp6_lease;
    pub fn leat_dhcp6_memory_bytes(clients: u8) -> usize;
    pub fn leat_dhcp6_open(stack: *mut leat, netif: *mut leat_netif, dhcp6: *mut *mut leat_dhcp6, config: *const leat_dhcp6_config) -> leat_err;
    pub fn leat_dhcp6_refusal(dhcp6: *const leat_dhcp6) -> *const leat_refusal;
    pub fn leat_dhcp6_register(stack: *mut leat, clients: u8) -> leat_err;
    pub fn leat_dhcp6_release(dhcp6: *mut leat_dhcp6);
    pub fn leat_dhcp6_start(dhcp6: *mut leat_dhcp6, kept: *const u8) -> leat_err;
    pub fn leat_dhcp6_state_name(dhcp6: *const leat_dhcp6) -> *const c_char;
    pub fn leat_dhcp6_stop(dhcp6: *mut leat_dhcp6);
    pub fn leat_dhcp6_waited_ns(dhcp6: *const leat_dhcp6) -> u64;
    pub fn leat_dhcp_counts(dhcp: *const leat_dhcp) -> *const leat_dhcp_counts;
    pub fn leat_dhcp_expires_ns(dhcp: *const leat_dhcp) -> u64;
    pub fn leat_dhcp_inform(dhcp: *mut leat_dhcp, ip: leat_ip) -> leat_err;
    pub fn leat_dhcp_keep(lease: *const leat_dhcp_lease, kept: *mut u8);
    pub fn leat_dhcp_lease(dhcp: *const leat_dhcp) -> *const leat_dhcp_lease;
    pub fn leat_dhcp_memory_bytes() -> usize;
    pub fn leat_dhcp_open(stack: *mut leat, netif: *mut leat_netif, dhcp: *mut *mut leat_dhcp, config: *const leat_dhcp_config) -> leat_err;
    pub fn leat_dhcp_refusal(dhcp: *const leat_dhcp) -> *const leat_refusal;
    pub fn leat_dhcp_release(dhcp: *mut leat_dhcp);
    pub fn leat_dhcp_start(dhcp: *mut leat_dhcp, kept: *const u8) -> leat_err;
    pub fn leat_dhcp_state_name(dhcp: *const leat_dhcp) -> *const c_char;
    pub fn leat_dhcp_stop(dhcp: *mut leat_dhcp);
    pub fn leat_dhcp_waited_ns(dhcp: *const leat_dhcp) -> u64;
    pub fn leat_dns_access_common(access: *const leat_dns_access, civil_ns: u64, line: *mut c_char, size: usize) -> usize;
    pub fn leat_dns_access_json(access: *const leat_dns_access, civil_ns: u64, line: *mut c_char, size: usize) -> usize;
    pub fn leat_dns_answer(zones: *const leat_dns_zones, transport: leat_dns_transport, query: *const u8, query_len: usize, reply: *mut u8, reply_bytes: usize) -> usize;
    pub fn leat_dns_how_text(how: leat_dns_how) -> *const c_char;
    pub fn leat_dns_name_equal(a: *const leat_dns_name, b: *const leat_dns_name) -> bool;
    pub fn leat_dns_name_format(name: *const leat_dns_name, text: *mut c_char, text_bytes: usize) -> usize;
    pub fn leat_dns_name_parse(text: *const c_char, name: *mut leat_dns_name) -> leat_err;
    pub fn leat_dns_rcode_text(rcode: u32) -> *const c_char;
    pub fn leat_dns_record_format(record: *const leat_dns_record, text: *mut c_char, text_bytes: usize) -> usize;
    pub fn leat_dns_record_ip(record: *const leat_dns_record, ip: *mut leat_ip) -> bool;
    pub fn leat_dns_record_owner(record: *const leat_dns_record, name: *mut leat_dns_name);
    pub fn leat_dns_record_target(record: *const leat_dns_record, name: *mut leat_dns_name) -> bool;
    pub fn leat_dns_result_next(result: *const leat_dns_result, cursor: *mut usize, record: *mut leat_dns_record) -> bool;
    pub fn leat_dns_server_close(server: *mut leat_dns_server);
    pub fn leat_dns_server_counts(server: *const leat_dns_server) -> *const leat_dns_server_counts;
    pub fn leat_dns_server_forget_zones(server: *mut leat_dns_server);
    pub fn leat_dns_server_memory_bytes(config: *const leat_dns_server_config) -> usize;
    pub fn leat_dns_server_open(server: *mut *mut leat_dns_server, stack: *mut leat, memory: *mut c_void, bytes: usize, config: *const leat_dns_server_config) -> leat_err;
    pub fn leat_dns_server_serve(server: *mut leat_dns_server, stream: *const leat_stream);
    pub fn leat_dns_server_set_zones(server: *mut leat_dns_server, zones: *const leat_dns_zones);
    pub fn leat_dns_type_format(r#type: u16, text: *mut c_char);
    pub fn leat_dns_type_parse(text: *const c_char, r#type: *mut u16) -> bool;
    pub fn leat_dns_zone_apex(zone: *const leat_dns_zone, name: *mut leat_dns_name);
    pub fn leat_dns_zone_memory_bytes(text: *const c_char, text_len: usize) -> usize;
    pub fn leat_dns_zone_parse(zone: *mut *mut leat_dns_zone, memory: *mut c_void, bytes: usize, text: *const c_char, text_len: usize, error: *mut leat_dns_zone_error) -> leat_err;
    pub fn leat_dns_zone_record_count(zone: *const leat_dns_zone) -> u32;
    pub fn leat_doh_client_close(client: *mut leat_doh_client);
    pub fn leat_doh_client_counts(client: *const leat_doh_client) -> *const leat_doh_client_counts;
    pub fn leat_doh_client_memory_bytes(config: *const leat_doh_client_config) -> usize;
    pub fn leat_doh_client_open(client: *mut *mut leat_doh_client, stack: *mut leat, memory: *mut c_void, bytes: usize, config: *const leat_doh_client_config) -> leat_err;
    pub fn leat_doh_close(doh: *mut leat_doh);
    pub fn leat_doh_connect(tls: *mut leat_tls, below: *const leat_stream, server: *const leat_tls_client, session: *mut leat_stream) -> leat_err;
    pub fn leat_doh_counts(doh: *const leat_doh) -> *const leat_doh_counts;
    pub fn leat_doh_memory_bytes(config: *const leat_doh_config) -> usize;
    pub fn leat_doh_open(doh: *mut *mut leat_doh, stack: *mut leat, memory: *mut c_void, bytes: usize, config: *const leat_doh_config) -> leat_err;
    pub fn leat_doh_route(doh: *mut leat_doh, path: *const c_char) -> leat_http_route;
    pub fn leat_doh_session(stream: *const leat_stream) -> *const leat_stream;
    pub fn leat_drain(stack: *mut leat, deadline_ns: u64);
    pub fn leat_drained(stack: *const leat) -> leat_drained;
    pub fn leat_drainer_add(stack: *mut leat, drainer: *mut leat_drainer);
    pub fn leat_drainer_remove(stack: *mut leat, drainer: *mut leat_drainer);
    pub fn leat_end(stack: *mut leat);
    pub fn leat_endpoint_equal(a: *const leat_endpoint, b: *const leat_endpoint) -> bool;
    pub fn leat_endpoint_format(endpoint: *const leat_endpoint, text: *mut c_char) -> usize;
    pub fn leat_endpoint_of(ip: leat_ip, port: u16) -> leat_endpoint;
    pub fn leat_endpoint_parse(text: *const c_char, endpoint: *mut leat_endpoint) -> bool;
    pub fn leat_err_text(err: leat_err) -> *const c_char;
    pub fn leat_files_built_in_open(built_in: *mut leat_files_built_in, list: *const leat_file, count: usize);
    pub fn leat_files_find(files: *mut leat_files, path: *const c_char, file: *mut leat_file) -> leat_err;
    pub fn leat_files_layers_add(layers: *mut leat_files_layers, below: *mut leat_files) -> leat_err;
    pub fn leat_files_layers_open(layers: *mut leat_files_layers);
    pub fn leat_files_next(files: *mut leat_files, folder: *const c_char, cursor: *mut u64, file: *mut leat_file) -> leat_err;
    pub fn leat_files_read(file: *const leat_file, from: u64, to: *mut c_void, room: usize, len: *mut usize) -> leat_err;
    pub fn leat_files_release(file: *const leat_file);
    pub fn leat_flight_dump(flight: *const leat_flight, write: Option<unsafe extern "C" fn(*mut c_void, *const c_void, usize)>, arg: *mut c_void);
    pub fn leat_flight_dump_hex(flight: *const leat_flight, host: *mut leat_host);
    pub fn leat_flight_init(memory: *mut c_void, bytes: usize, inner: *mut leat_netif, snap_bytes: u32) -> *mut leat_flight;
    pub fn leat_flight_kept(flight: *const leat_flight) -> u32;
    pub fn leat_flight_netif(flight: *mut leat_flight) -> *mut leat_netif;
    pub fn leat_flight_pause(flight: *mut leat_flight, paused: bool);
    pub fn leat_flight_seen(flight: *const leat_flight) -> u64;
    pub fn leat_flow_abort(flow: *mut leat_flow);
    pub fn leat_flow_accept(flow: *mut leat_flow, acceptor: *mut leat_acceptor, deadline_ns: u64) -> leat_err;
    pub fn leat_flow_close(flow: *mut leat_flow);
    pub fn leat_flow_connect(flow: *mut leat_flow, task: *mut leat_task, remote: *const leat_endpoint, deadline_ns: u64) -> leat_err;
    pub fn leat_flow_connect_from(flow: *mut leat_flow, task: *mut leat_task, remote: *const leat_endpoint, local: *const leat_endpoint, deadline_ns: u64) -> leat_err;
    pub fn leat_flow_connect_name(flow: *mut leat_flow, task: *mut leat_task, connecting: *mut leat_connecting, config: *const leat_connect_config, host: *const c_char, port: u16, deadline_ns: u64) -> leat_err;
    pub fn leat_flow_finish(flow: *mut leat_flow) -> leat_err;
    pub fn leat_flow_lend(flow: *mut leat_flow, bytes: *const c_void, len: usize, deadline_ns: u64) -> leat_err;
    pub fn leat_flow_open(flow: *mut leat_flow, task: *mut leat_task, stream: *const leat_stream);
    pub fn leat_flow_read(flow: *mut leat_flow, data: *mut *mut leat_buf, deadline_ns: u64) -> leat_err;
    pub fn leat_flow_read_exact(flow: *mut leat_flow, bytes: *mut c_void, len: usize, deadline_ns: u64) -> leat_err;
    pub fn leat_flow_read_some(flow: *mut leat_flow, bytes: *mut c_void, size: usize, len: *mut usize, deadline_ns: u64) -> leat_err;
    pub fn leat_flow_read_until(flow: *mut leat_flow, delimiter: c_char, bytes: *mut c_void, size: usize, len: *mut usize, deadline_ns: u64) -> leat_err;
    pub fn leat_flow_send(flow: *mut leat_flow, data: *mut leat_buf, deadline_ns: u64) -> leat_err;
    pub fn leat_flow_write(flow: *mut leat_flow, bytes: *const c_void, len: usize, deadline_ns: u64) -> leat_err;
    pub fn leat_forwarder_ask(forwarder: *mut leat_forwarder, query: *mut leat_forwarder_query, message: *const u8, len: usize) -> bool;
    pub fn leat_forwarder_cancel(query: *mut leat_forwarder_query);
    pub fn leat_forwarder_close(forwarder: *mut leat_forwarder);
    pub fn leat_forwarder_counts(forwarder: *const leat_forwarder) -> *const leat_forwarder_counts;
    pub fn leat_forwarder_domain_counts(forwarder: *const leat_forwarder, i: u32) -> *const leat_forwarder_domain_counts;
    pub fn leat_forwarder_memory_bytes(config: *const leat_forwarder_config) -> usize;
    pub fn leat_forwarder_open(forwarder: *mut *mut leat_forwarder, stack: *mut leat, memory: *mut c_void, bytes: usize, config: *const leat_forwarder_config) -> leat_err;
    pub fn leat_forwarder_serve(forwarder: *mut leat_forwarder, stream: *const leat_stream);
    pub fn leat_generation(stack: *const leat) -> u32;
    pub fn leat_holdings(stack: *const leat, holdings: *mut leat_holdings);
    pub fn leat_http_abort(exchange: *mut leat_http_exchange);
    pub fn leat_http_access_common(access: *const leat_http_access, civil_ns: u64, line: *mut c_char, size: usize) -> usize;
    pub fn leat_http_access_json(access: *const leat_http_access, civil_ns: u64, line: *mut c_char, size: usize) -> usize;
    pub fn leat_http_answer(exchange: *mut leat_http_exchange, head: *const leat_http_head, bytes: *const c_void, len: u32);
    pub fn leat_http_body_over(exchange: *const leat_http_exchange) -> bool;
    pub fn leat_http_call(client: *mut leat_http_client, request: *const leat_http_request, call: *mut *mut leat_http_call) -> leat_err;
    pub fn leat_http_call_close(call: *mut leat_http_call);
    pub fn leat_http_call_connecting(call: *const leat_http_call) -> *const leat_connecting;
    pub fn leat_http_call_consumed(call: *mut leat_http_call, bytes: u32);
    pub fn leat_http_call_field(call: *const leat_http_call, name: *const c_char, len: *mut usize) -> *const c_char;
    pub fn leat_http_call_finish(call: *mut leat_http_call);
    pub fn leat_http_call_length(call: *const leat_http_call) -> u64;
    pub fn leat_http_call_over(call: *const leat_http_call) -> bool;
    pub fn leat_http_call_receive(call: *mut leat_http_call, bytes_max: u32) -> *mut leat_buf;
    pub fn leat_http_call_send(call: *mut leat_http_call, data: *mut leat_buf) -> leat_err;
    pub fn leat_http_call_send_room(call: *mut leat_http_call) -> u32;
    pub fn leat_http_call_status(call: *const leat_http_call) -> u16;
    pub fn leat_http_call_stream(call: *const leat_http_call) -> *const leat_stream;
    pub fn leat_http_call_write(call: *mut leat_http_call, bytes: *const c_void, len: usize) -> usize;
    pub fn leat_http_client_close(client: *mut leat_http_client);
    pub fn leat_http_client_counts(client: *const leat_http_client) -> *const leat_http_client_counts;
    pub fn leat_http_client_keep(client: *mut leat_http_client, url: *const c_char, stream: *const leat_stream) -> leat_err;
    pub fn leat_http_client_memory_bytes(config: *const leat_http_client_config) -> usize;
    pub fn leat_http_client_open(client: *mut *mut leat_http_client, stack: *mut leat, memory: *mut c_void, bytes: usize, config: *const leat_http_client_config) -> leat_err;
    pub fn leat_http_consumed(exchange: *mut leat_http_exchange, bytes: u32);
    pub fn leat_http_finish(exchange: *mut leat_http_exchange);
    pub fn leat_http_flow_answer(flow: *mut leat_http_flow, head: *const leat_http_head, bytes: *const c_void, len: u32) -> leat_err;
    pub fn leat_http_flow_read(flow: *mut leat_http_flow, data: *mut *mut leat_buf, deadline_ns: u64) -> leat_err;
    pub fn leat_http_flow_read_all(flow: *mut leat_http_flow, bytes: *mut c_void, size: usize, len: *mut usize, deadline_ns: u64) -> leat_err;
    pub fn leat_http_flow_reply(flow: *mut leat_http_flow, head: *const leat_http_head) -> leat_err;
    pub fn leat_http_flow_send(flow: *mut leat_http_flow, data: *mut leat_buf, deadline_ns: u64) -> leat_err;
    pub fn leat_http_flow_write(flow: *mut leat_http_flow, bytes: *const c_void, len: usize, deadline_ns: u64) -> leat_err;
    pub fn leat_http_folder_open(folder: *mut leat_http_folder, config: *const leat_http_folder_config) -> leat_err;
    pub fn leat_http_handler_on_body(exchange: *mut leat_http_exchange, flow: *mut c_void);
    pub fn leat_http_handler_on_failed(exchange: *mut leat_http_exchange, why: leat_err, flow: *mut c_void);
    pub fn leat_http_handler_on_request(exchange: *mut leat_http_exchange, handler: *mut c_void);
    pub fn leat_http_handler_on_writable(exchange: *mut leat_http_exchange, flow: *mut c_void);
    pub fn leat_http_handler_open(handler: *mut leat_http_handler, tasks: *mut leat_tasks);
    pub fn leat_http_latency_bound_ns(index: u32) -> u64;
    pub fn leat_http_passwords_allow(arg: *mut c_void, name: *const c_char, password: *const c_char) -> bool;
    pub fn leat_http_receive(exchange: *mut leat_http_exchange, bytes_max: u32) -> *mut leat_buf;
    pub fn leat_http_reply(exchange: *mut leat_http_exchange, head: *const leat_http_head);
    pub fn leat_http_request_conn(exchange: *const leat_http_exchange) -> *const leat_tcp;
    pub fn leat_http_request_length(exchange: *const leat_http_exchange) -> u64;
    pub fn leat_http_request_method(exchange: *const leat_http_exchange) -> leat_http_method;
    pub fn leat_http_request_path(exchange: *const leat_http_exchange, len: *mut usize) -> *const c_char;
    pub fn leat_http_request_peer(exchange: *const leat_http_exchange) -> leat_ip;
    pub fn leat_http_request_query(exchange: *const leat_http_exchange, len: *mut usize) -> *const c_char;
    pub fn leat_http_request_type(exchange: *const leat_http_exchange, len: *mut usize) -> *const c_char;
    pub fn leat_http_send(exchange: *mut leat_http_exchange, data: *mut leat_buf) -> leat_err;
    pub fn leat_http_send_room(exchange: *mut leat_http_exchange) -> u32;
    pub fn leat_http_server_clients(server: *const leat_http_server) -> u32;
    pub fn leat_http_server_close(server: *mut leat_http_server);
    pub fn leat_http_server_counts(server: *const leat_http_server) -> *const leat_http_server_counts;
    pub fn leat_http_server_early(client: *mut c_void);
    pub fn leat_http_server_memory_bytes(config: *const leat_http_server_config) -> usize;
    pub fn leat_http_server_open(server: *mut *mut leat_http_server, stack: *mut leat, memory: *mut c_void, bytes: usize, config: *const leat_http_server_config) -> leat_err;
    pub fn leat_http_server_serve(server: *mut leat_http_server, stream: *const leat_stream) -> bool;
    pub fn leat_http_server_serve_as(server: *mut leat_http_server, stream: *const leat_stream, major: u8) -> bool;
    pub fn leat_http_server_stop(server: *mut leat_http_server);
    pub fn leat_http_set_arg(exchange: *mut leat_http_exchange, arg: *mut c_void);
    pub fn leat_http_type(name: *const c_char, len: usize) -> *const c_char;
    pub fn leat_http_want_room(exchange: *mut leat_http_exchange, bytes: u32);
    pub fn leat_http_write(exchange: *mut leat_http_exchange, bytes: *const c_void, len: usize) -> usize;
    pub fn leat_init(stack: *mut *mut leat, memory: *mut c_void, bytes: usize, config: *const leat_config) -> leat_err;
    pub fn leat_ip_equal(a: leat_ip, b: leat_ip) -> bool;
    pub fn leat_ip_format(ip: leat_ip, text: *mut c_char) -> usize;
    pub fn leat_ip_is_any(ip: leat_ip) -> bool;
    pub fn leat_ip_is_link_local(ip: leat_ip) -> bool;
    pub fn leat_ip_is_loopback(ip: leat_ip) -> bool;
    pub fn leat_ip_is_multicast(ip: leat_ip) -> bool;
    pub fn leat_ip_is_v4(ip: leat_ip) -> bool;
    pub fn leat_ip_link_counts(link: *const leat_ip_link) -> *const leat_ip_link_counts;
    pub fn leat_ip_link_init(memory: *mut c_void, carrier: *mut leat_netif) -> *mut leat_ip_link;
    pub fn leat_ip_link_memory_bytes() -> usize;
    pub fn leat_ip_link_netif(link: *mut leat_ip_link) -> *mut leat_netif;
    pub fn leat_ip_parse(text: *const c_char, ip: *mut leat_ip) -> bool;
    pub fn leat_ip_parse_cidr(text: *const c_char, ip: *mut leat_ip, prefix_bits: *mut u8) -> bool;
    pub fn leat_ip_v4(number: u32) -> leat_ip;
    pub fn leat_ip_v4_number(ip: leat_ip) -> u32;
    pub fn leat_ipv6_memory_bytes(config: *const leat_ipv6_config) -> usize;
    pub fn leat_ipv6_register(stack: *mut leat, config: *const leat_ipv6_config) -> leat_err;
    pub fn leat_is_draining(stack: *const leat) -> bool;
    pub fn leat_link_counts(link: *const leat_link, from_end: i32) -> leat_link_counts;
    pub fn leat_link_end(link: *mut leat_link, end: i32) -> *mut leat_netif;
    pub fn leat_link_init(memory: *mut c_void, frames: u32, frame_bytes: u32, seed: u64) -> *mut leat_link;
    pub fn leat_link_memory_bytes(frames: u32, frame_bytes: u32) -> usize;
    pub fn leat_link_set_faults(link: *mut leat_link, from_end: i32, faults: *const leat_link_faults);
    pub fn leat_link_set_offloads(link: *mut leat_link, end: i32, capabilities: u32);
    pub fn leat_link_set_tap(link: *mut leat_link, tap: Option<leat_link_tap>, arg: *mut c_void);
    pub fn leat_lookup_cancel(lookup: *mut leat_lookup);
    pub fn leat_lookup_failure_format(resolver: *const leat_resolver, failure: *const leat_lookup_failure, text: *mut c_char) -> usize;
    pub fn leat_lookup_failure_take(failure: *mut leat_lookup_failure, err: leat_err, result: *const leat_dns_result);
    pub fn leat_lookup_start(resolver: *mut leat_resolver, name: *const leat_dns_name, r#type: u16, on_done: Option<leat_lookup_fn>, arg: *mut c_void, lookup: *mut *mut leat_lookup) -> leat_err;
    pub fn leat_mac_parse(text: *const c_char, mac: *mut leat_mac) -> bool;
    pub fn leat_mailbox_close(mailbox: *mut leat_mailbox);
    pub fn leat_mailbox_open(mailbox: *mut leat_mailbox, tasks: *mut leat_tasks, places: *mut leat_datagram, count_max: u32) -> leat_err;
    pub fn leat_mailbox_receive(mailbox: *mut leat_mailbox, datagram: *mut leat_datagram, deadline_ns: u64) -> leat_err;
    pub fn leat_memory_bytes(config: *const leat_config) -> usize;
    pub fn leat_metrics_entry(stack: *const leat, index: u32, text: *mut c_char) -> usize;
    pub fn leat_metrics_on_request(exchange: *mut leat_http_exchange, arg: *mut c_void);
    pub fn leat_metrics_on_writable(exchange: *mut leat_http_exchange, arg: *mut c_void);
    pub fn leat_metrics_server_entry(counts: *const leat_http_server_counts, index: u32, text: *mut c_char) -> usize;
    pub fn leat_multipart_read(reader: *mut leat_multipart, bytes: *const u8, len: usize, taken: *mut usize) -> leat_multipart_event;
    pub fn leat_multipart_start(reader: *mut leat_multipart, r#type: *const c_char, len: usize) -> bool;
    pub fn leat_now_ns(stack: *const leat) -> u64;
    pub fn leat_passt_open(socket: *mut *mut leat_socket, config: *const leat_passt_config, why: *mut c_char) -> leat_err;
    pub fn leat_pcap_reader_close(reader: *mut leat_pcap_reader);
    pub fn leat_pcap_reader_counters(reader: *const leat_pcap_reader) -> *const leat_pcap_reader_counters;
    pub fn leat_pcap_reader_host(reader: *mut leat_pcap_reader) -> *mut leat_host;
    pub fn leat_pcap_reader_netif(reader: *mut leat_pcap_reader) -> *mut leat_netif;
    pub fn leat_pcap_reader_open(reader: *mut *mut leat_pcap_reader, config: *const leat_pcap_reader_config, why: *mut c_char) -> leat_err;
    pub fn leat_pcap_reader_status(reader: *const leat_pcap_reader, why: *mut c_char) -> leat_err;
    pub fn leat_pcap_recorder_close(recorder: *mut leat_pcap_recorder);
    pub fn leat_pcap_recorder_frames(recorder: *const leat_pcap_recorder) -> u64;
    pub fn leat_pcap_recorder_netif(recorder: *mut leat_pcap_recorder) -> *mut leat_netif;
    pub fn leat_pcap_recorder_open(recorder: *mut *mut leat_pcap_recorder, inner: *mut leat_netif, path: *const c_char, notes: *const c_char, why: *mut c_char) -> leat_err;
    pub fn leat_pcap_recorder_status(recorder: *const leat_pcap_recorder) -> leat_err;
    pub fn leat_pcap_recorder_watch(recorder: *mut leat_pcap_recorder, stats: *const leat_stats);
    pub fn leat_poll(stack: *mut leat, now_ns: u64) -> u64;
    pub fn leat_pool(stack: *mut leat) -> *mut leat_pool;
    pub fn leat_pool_buf_bytes(pool: *const leat_pool) -> u32;
    pub fn leat_pool_free_count(pool: *const leat_pool) -> u32;
    pub fn leat_posix_block_free(device: *mut leat_block_device);
    pub fn leat_posix_block_open(device: *mut *mut leat_block_device, path: *const c_char, read_only: bool, why: *mut c_char) -> leat_err;
    pub fn leat_posix_block_why(device: *const leat_block_device) -> *const c_char;
    pub fn leat_posix_close(posix: *mut leat_posix);
    pub fn leat_posix_context_begin(end: *mut c_void, entry: Option<unsafe extern "C" fn(*mut c_void)>, arg: *mut c_void) -> *mut c_void;
    pub fn leat_posix_context_switch(from: *mut *mut c_void, to: *mut c_void);
    pub fn leat_posix_descriptor(posix: *mut leat_posix) -> i32;
    pub fn leat_posix_folder_close(files: *mut leat_files);
    pub fn leat_posix_folder_open(files: *mut *mut leat_files, path: *const c_char, why: *mut c_char) -> leat_err;
    pub fn leat_posix_guard(page: *mut c_void, bytes: usize, guarded: bool) -> bool;
    pub fn leat_posix_host(posix: *mut leat_posix) -> *mut leat_host;
    pub fn leat_posix_memory(bytes: usize) -> *mut c_void;
    pub fn leat_posix_on_hangup(posix: *mut leat_posix, on_hangup: Option<unsafe extern "C" fn(*mut c_void)>, arg: *mut c_void) -> leat_err;
    pub fn leat_posix_open(posix: *mut *mut leat_posix) -> leat_err;
    pub fn leat_posix_unwatch(posix: *mut leat_posix, fd: i32);
    pub fn leat_posix_watch(posix: *mut leat_posix, fd: i32, wanted: bool) -> leat_err;
    pub fn leat_posix_watch_output(posix: *mut leat_posix, fd: i32, wanted: bool);
    pub fn leat_random(stack: *mut leat) -> u64;
    pub fn leat_refusal_format(refusal: *const leat_refusal, text: *mut c_char) -> usize;
    pub fn leat_reseed(stack: *mut leat, seed: *const u8) -> leat_err;
    pub fn leat_reserved_is_used(reserved: *const u64, bytes: usize) -> bool;
    pub fn leat_resolver_close(resolver: *mut leat_resolver);
    pub fn leat_resolver_counts(resolver: *const leat_resolver) -> *const leat_resolver_counts;
    pub fn leat_resolver_get_server(resolver: *const leat_resolver, i: u32, server: *mut leat_resolver_server);
    pub fn leat_resolver_load(resolver: *mut leat_resolver, bytes: *const c_void, len: usize) -> u32;
    pub fn leat_resolver_memory_bytes(config: *const leat_resolver_config) -> usize;
    pub fn leat_resolver_open(resolver: *mut *mut leat_resolver, stack: *mut leat, memory: *mut c_void, bytes: usize, config: *const leat_resolver_config) -> leat_err;
    pub fn leat_resolver_save(resolver: *mut leat_resolver, saved: *mut u32, to: *mut c_void, room: usize) -> usize;
    pub fn leat_route_add(stack: *mut leat, network: leat_ip, prefix_bits: u8, gateway: leat_ip) -> leat_err;
    pub fn leat_route_add_by(stack: *mut leat, netif: *const leat_netif, network: leat_ip, prefix_bits: u8, gateway: leat_ip) -> leat_err;
    pub fn leat_route_add_on_link(stack: *mut leat, netif: *const leat_netif, network: leat_ip, prefix_bits: u8) -> leat_err;
    pub fn leat_route_remove(stack: *mut leat, network: leat_ip, prefix_bits: u8) -> leat_err;
    pub fn leat_run(stack: *mut leat, host: *mut leat_host) -> i32;
    pub fn leat_shm_close(shm: *mut leat_shm);
    pub fn leat_shm_counters(shm: *const leat_shm) -> *const leat_shm_counters;
    pub fn leat_shm_lost(shm: *const leat_shm) -> *const c_char;
    pub fn leat_shm_netif(shm: *mut leat_shm) -> *mut leat_netif;
    pub fn leat_shm_open(shm: *mut *mut leat_shm, config: *const leat_shm_config, why: *mut c_char) -> leat_err;
    pub fn leat_slaac_counts(slaac: *const leat_slaac) -> *const leat_slaac_counts;
    pub fn leat_slaac_facts(slaac: *mut leat_slaac) -> *const leat_slaac_facts;
    pub fn leat_slaac_refusal(slaac: *const leat_slaac) -> *const leat_refusal;
    pub fn leat_slaac_start(stack: *mut leat, netif: *mut leat_netif, slaac: *mut *mut leat_slaac, config: *const leat_slaac_config) -> leat_err;
    pub fn leat_slaac_stop(slaac: *mut leat_slaac);
    pub fn leat_small_config() -> leat_config;
    pub fn leat_sntp_counts(sntp: *const leat_sntp) -> *const leat_sntp_counts;
    pub fn leat_sntp_memory_bytes() -> usize;
    pub fn leat_sntp_open(stack: *mut leat, sntp: *mut *mut leat_sntp, config: *const leat_sntp_config) -> leat_err;
    pub fn leat_sntp_refusal(sntp: *const leat_sntp) -> *const leat_refusal;
    pub fn leat_sntp_set_servers(sntp: *mut leat_sntp, servers: *const leat_endpoint, count: u32);
    pub fn leat_sntp_start(sntp: *mut leat_sntp);
    pub fn leat_sntp_stop(sntp: *mut leat_sntp);
    pub fn leat_socket_close(socket: *mut leat_socket);
    pub fn leat_socket_counters(socket: *const leat_socket) -> *const leat_socket_counters;
    pub fn leat_socket_lost(socket: *const leat_socket) -> *const c_char;
    pub fn leat_socket_netif(socket: *mut leat_socket) -> *mut leat_netif;
    pub fn leat_socket_open(socket: *mut *mut leat_socket, config: *const leat_socket_config, why: *mut c_char) -> leat_err;
    pub fn leat_stat_group(stat: leat_stat) -> leat_stat_group;
    pub fn leat_stat_name(stat: leat_stat) -> *const c_char;
    pub fn leat_stat_text(stat: leat_stat) -> *const c_char;
    pub fn leat_stat_value(stats: *const leat_stats, stat: leat_stat) -> u64;
    pub fn leat_stats(stack: *const leat) -> *const leat_stats;
    pub fn leat_stats_balance(stats: *const leat_stats) -> bool;
    pub fn leat_stop(stack: *mut leat, status: i32);
    pub fn leat_stopped(stack: *const leat, status: *mut i32) -> bool;
    pub fn leat_store_close(store: *mut leat_store);
    pub fn leat_store_delete(store: *mut leat_store, request: *mut leat_store_request, name: *const c_char, on_done: Option<leat_store_fn>, arg: *mut c_void) -> leat_err;
    pub fn leat_store_get(store: *mut leat_store, request: *mut leat_store_request, name: *const c_char, to: *mut c_void, room: usize, on_done: Option<leat_store_fn>, arg: *mut c_void) -> leat_err;
    pub fn leat_store_get_info(store: *const leat_store, info: *mut leat_store_info);
    pub fn leat_store_memory_bytes(config: *const leat_store_config, sector_bytes: u32) -> usize;
    pub fn leat_store_mount(store: *mut leat_store, block: *mut leat_block, memory: *mut c_void, bytes: usize, config: *const leat_store_config) -> leat_err;
    pub fn leat_store_next(store: *const leat_store, cursor: *mut u32) -> *const leat_store_entry;
    pub fn leat_store_put(store: *mut leat_store, request: *mut leat_store_request, name: *const c_char, value: *const c_void, len: usize, on_done: Option<leat_store_fn>, arg: *mut c_void) -> leat_err;
    pub fn leat_stream_abort(stream: *const leat_stream);
    pub fn leat_stream_at_end(stream: *const leat_stream) -> bool;
    pub fn leat_stream_awaits_data(stream: *const leat_stream) -> bool;
    pub fn leat_stream_close(stream: *const leat_stream) -> leat_err;
    pub fn leat_stream_consumed(stream: *const leat_stream, bytes: u32);
    pub fn leat_stream_of_tcp(conn: *mut leat_tcp) -> leat_stream;
    pub fn leat_stream_peer(stream: *const leat_stream) -> leat_ip;
    pub fn leat_stream_progress(stream: *const leat_stream) -> leat_stream_progress;
    pub fn leat_stream_readable(stream: *const leat_stream) -> u32;
    pub fn leat_stream_receive(stream: *const leat_stream, bytes_max: u32) -> *mut leat_buf;
    pub fn leat_stream_send(stream: *const leat_stream, data: *mut leat_buf) -> leat_err;
    pub fn leat_stream_send_room(stream: *const leat_stream) -> u32;
    pub fn leat_stream_set_events(stream: *const leat_stream, events: *const leat_tcp_events, arg: *mut c_void);
    pub fn leat_stream_shutdown(stream: *const leat_stream) -> leat_err;
    pub fn leat_stream_stack(stream: *const leat_stream) -> *mut leat;
    pub fn leat_stream_tcp(stream: *const leat_stream) -> *mut leat_tcp;
    pub fn leat_stream_want_room(stream: *const leat_stream, bytes: u32);
    pub fn leat_stream_write(stream: *const leat_stream, bytes: *const c_void, len: usize, taken: *mut usize) -> leat_err;
    pub fn leat_syslog_close(log: *mut leat_syslog);
    pub fn leat_syslog_counts(log: *const leat_syslog) -> *const leat_syslog_counts;
    pub fn leat_syslog_memory_bytes(config: *const leat_syslog_config) -> usize;
    pub fn leat_syslog_open(log: *mut *mut leat_syslog, stack: *mut leat, memory: *mut c_void, bytes: usize, config: *const leat_syslog_config) -> leat_err;
    pub fn leat_syslog_send(log: *mut leat_syslog, severity: leat_syslog_severity, line: *const c_char, len: usize);
    pub fn leat_tap_check(config: *const leat_tap_config, why: *mut c_char) -> leat_err;
    pub fn leat_tap_close(tap: *mut leat_tap);
    pub fn leat_tap_counters(tap: *const leat_tap) -> *const leat_tap_counters;
    pub fn leat_tap_lost(tap: *const leat_tap) -> bool;
    pub fn leat_tap_netif(tap: *mut leat_tap) -> *mut leat_netif;
    pub fn leat_tap_open(tap: *mut *mut leat_tap, config: *const leat_tap_config, why: *mut c_char) -> leat_err;
    pub fn leat_tap_steer(tap: *mut leat_tap, first: leat_ip, count: u16, why: *mut c_char) -> leat_err;
    pub fn leat_task_cancel(task: *mut leat_task);
    pub fn leat_task_in(task: *const leat_task, ns: u64) -> u64;
    pub fn leat_task_is_cancelled(task: *const leat_task) -> bool;
    pub fn leat_task_join(task: *mut leat_task, child: *mut leat_task, result: *mut leat_err, deadline_ns: u64) -> leat_err;
    pub fn leat_task_name(task: *const leat_task) -> *const c_char;
    pub fn leat_task_overflowed(name: *const c_char);
    pub fn leat_task_resolve(task: *mut leat_task, resolver: *mut leat_resolver, name: *const c_char, port: u16, ends: *mut leat_endpoint, count_max: u32, count: *mut u32, deadline_ns: u64) -> leat_err;
    pub fn leat_task_resolve_why(task: *mut leat_task, resolver: *mut leat_resolver, name: *const c_char, port: u16, ends: *mut leat_endpoint, count_max: u32, count: *mut u32, deadline_ns: u64, why: *mut leat_lookup_failure) -> leat_err;
    pub fn leat_task_running(tasks: *const leat_tasks) -> *mut leat_task;
    pub fn leat_task_serve(tasks: *mut leat_tasks, service: *mut leat_service) -> leat_err;
    pub fn leat_task_sleep(task: *mut leat_task, at_ns: u64) -> leat_err;
    pub fn leat_task_stack_used(task: *const leat_task) -> usize;
    pub fn leat_task_start(tasks: *mut leat_tasks, name: *const c_char, run: Option<leat_task_fn>, arg: *mut c_void, task: *mut *mut leat_task) -> leat_err;
    pub fn leat_task_tasks(task: *const leat_task) -> *mut leat_tasks;
    pub fn leat_task_yield(task: *mut leat_task) -> leat_err;
    pub fn leat_tasks_close(tasks: *mut leat_tasks);
    pub fn leat_tasks_counts(tasks: *const leat_tasks) -> *const leat_tasks_counts;
    pub fn leat_tasks_memory_bytes(config: *const leat_tasks_config) -> usize;
    pub fn leat_tasks_open(tasks: *mut *mut leat_tasks, stack: *mut leat, memory: *mut c_void, bytes: usize, config: *const leat_tasks_config) -> leat_err;
    pub fn leat_tasks_stack(tasks: *const leat_tasks) -> *mut leat;
    pub fn leat_tcp_abort(conn: *mut leat_tcp);
    pub fn leat_tcp_abort_of(stack: *mut leat, events: *const leat_tcp_events, arg: *const c_void);
    pub fn leat_tcp_accept(listener: *mut leat_tcp_listener, events: *const leat_tcp_events, arg: *mut c_void) -> *mut leat_tcp;
    pub fn leat_tcp_at_end(conn: *const leat_tcp) -> bool;
    pub fn leat_tcp_awaits_data(conn: *const leat_tcp) -> bool;
    pub fn leat_tcp_close(conn: *mut leat_tcp) -> leat_err;
    pub fn leat_tcp_connect(stack: *mut leat, conn: *mut *mut leat_tcp, remote: *const leat_endpoint, local: *const leat_endpoint, events: *const leat_tcp_events, arg: *mut c_void) -> leat_err;
    pub fn leat_tcp_consumed(conn: *mut leat_tcp, bytes: u32);
    pub fn leat_tcp_count(stack: *const leat) -> u32;
    pub fn leat_tcp_get_info(conn: *const leat_tcp, info: *mut leat_tcp_info);
    pub fn leat_tcp_info_text(info: *const leat_tcp_info, text: *mut c_char) -> usize;
    pub fn leat_tcp_listen(stack: *mut leat, listener: *mut *mut leat_tcp_listener, config: *const leat_tcp_listen_config) -> leat_err;
    pub fn leat_tcp_listener_close(listener: *mut leat_tcp_listener);
    pub fn leat_tcp_listener_stack(listener: *const leat_tcp_listener) -> *mut leat;
    pub fn leat_tcp_memory_bytes(config: *const leat_tcp_config) -> usize;
    pub fn leat_tcp_next(stack: *const leat, index: *mut u32) -> *const leat_tcp;
    pub fn leat_tcp_read(conn: *mut leat_tcp, bytes: *mut c_void, len: usize) -> usize;
    pub fn leat_tcp_readable(conn: *const leat_tcp) -> u32;
    pub fn leat_tcp_receive(conn: *mut leat_tcp, bytes_max: u32) -> *mut leat_buf;
    pub fn leat_tcp_register(stack: *mut leat, config: *const leat_tcp_config) -> leat_err;
    pub fn leat_tcp_rtt_bound_ns(index: u32) -> u64;
    pub fn leat_tcp_rtts(stack: *const leat) -> *const leat_tcp_rtts;
    pub fn leat_tcp_send(conn: *mut leat_tcp, data: *mut leat_buf) -> leat_err;
    pub fn leat_tcp_send_room(conn: *mut leat_tcp) -> u32;
    pub fn leat_tcp_set_congestion(conn: *mut leat_tcp, congestion: *const leat_tcp_congestion);
    pub fn leat_tcp_set_dscp(conn: *mut leat_tcp, dscp: u8);
    pub fn leat_tcp_set_events(conn: *mut leat_tcp, events: *const leat_tcp_events, arg: *mut c_void);
    pub fn leat_tcp_set_fast_open(conn: *mut leat_tcp, fast_open: bool);
    pub fn leat_tcp_set_keepalive(conn: *mut leat_tcp, keepalive: bool);
    pub fn leat_tcp_set_mss_max(conn: *mut leat_tcp, bytes: u16);
    pub fn leat_tcp_set_nodelay(conn: *mut leat_tcp, nodelay: bool);
    pub fn leat_tcp_set_send_queue(conn: *mut leat_tcp, bytes: u32);
    pub fn leat_tcp_set_user_timeout(conn: *mut leat_tcp, ns: u64);
    pub fn leat_tcp_shutdown(conn: *mut leat_tcp) -> leat_err;
    pub fn leat_tcp_small_config(connections: u32) -> leat_tcp_config;
    pub fn leat_tcp_stack(conn: *const leat_tcp) -> *mut leat;
    pub fn leat_tcp_state_text(state: leat_tcp_state) -> *const c_char;
    pub fn leat_tcp_want_room(conn: *mut leat_tcp, bytes: u32);
    pub fn leat_tcp_write(conn: *mut leat_tcp, bytes: *const c_void, len: usize, taken: *mut usize) -> leat_err;
    pub fn leat_timer_cancel(stack: *mut leat, timer: *mut leat_timer);
    pub fn leat_timer_is_set(timer: *const leat_timer) -> bool;
    pub fn leat_timer_set(stack: *mut leat, timer: *mut leat_timer, at_ns: u64);
    pub fn leat_tls_accept(tls: *mut leat_tls, below: *const leat_stream, session: *mut leat_stream) -> leat_err;
    pub fn leat_tls_alert_name(alert: u8) -> *const c_char;
    pub fn leat_tls_close(tls: *mut leat_tls);
    pub fn leat_tls_connect(tls: *mut leat_tls, below: *const leat_stream, client: *const leat_tls_client, session: *mut leat_stream) -> leat_err;
    pub fn leat_tls_counts(tls: *const leat_tls) -> *const leat_tls_counts;
    pub fn leat_tls_get_info(session: *const leat_stream, info: *mut leat_tls_info);
    pub fn leat_tls_identity_begins_s(identity: *const leat_tls_identity) -> u64;
    pub fn leat_tls_identity_close(identity: *mut leat_tls_identity, crypto: *const leat_crypto);
    pub fn leat_tls_identity_ends_s(identity: *const leat_tls_identity) -> u64;
    pub fn leat_tls_identity_read(identity: *mut leat_tls_identity, crypto: *const leat_crypto, certificates: *const c_char, certificates_len: usize, key: *const c_char, key_len: usize, memory: *mut c_void, bytes: usize) -> leat_err;
    pub fn leat_tls_identity_read_names(identity: *mut leat_tls_identity, memory: *mut c_void, bytes: usize) -> leat_err;
    pub fn leat_tls_memory_bytes(config: *const leat_tls_config) -> usize;
    pub fn leat_tls_open(tls: *mut *mut leat_tls, stack: *mut leat, memory: *mut c_void, bytes: usize, config: *const leat_tls_config) -> leat_err;
    pub fn leat_tls_receive_early(session: *const leat_stream, bytes_max: u32) -> *mut leat_buf;
    pub fn leat_tls_set_challenge(tls: *mut leat_tls, identity: *const leat_tls_identity) -> leat_err;
    pub fn leat_tls_set_identities(tls: *mut leat_tls, identities: *const *const leat_tls_identity, count: u16) -> leat_err;
    pub fn leat_tls_ticket_keys_get(tls: *mut leat_tls, bytes: *mut u8) -> leat_err;
    pub fn leat_tls_ticket_keys_set(tls: *mut leat_tls, bytes: *const u8, len: usize) -> leat_err;
    pub fn leat_top_count(top: *mut leat_top, key: *const c_void, len: usize);
    pub fn leat_top_rank(top: *const leat_top, ranked: *mut *const leat_top_entry, count_max: u32) -> u32;
    pub fn leat_udp_bind(udp: *mut leat_udp, ip: leat_ip, port: u16) -> leat_err;
    pub fn leat_udp_bind_netif(udp: *mut leat_udp, netif: *mut leat_netif, port: u16) -> leat_err;
    pub fn leat_udp_close(udp: *mut leat_udp);
    pub fn leat_udp_connect(udp: *mut leat_udp, ip: leat_ip, port: u16) -> leat_err;
    pub fn leat_udp_connect_to(udp: *mut leat_udp, peer: *const leat_endpoint) -> leat_err;
    pub fn leat_udp_counts(udp: *const leat_udp) -> *const leat_udp_counts;
    pub fn leat_udp_join(udp: *mut leat_udp, netif: *mut leat_netif, group: leat_ip) -> leat_err;
    pub fn leat_udp_leave(udp: *mut leat_udp, netif: *mut leat_netif, group: leat_ip) -> leat_err;
    pub fn leat_udp_local(udp: *const leat_udp) -> leat_endpoint;
    pub fn leat_udp_memory_bytes(config: *const leat_udp_config) -> usize;
    pub fn leat_udp_open(stack: *mut leat, udp: *mut *mut leat_udp, events: *const leat_udp_events, arg: *mut c_void) -> leat_err;
    pub fn leat_udp_open_in(stack: *mut leat, memory: *mut c_void, udp: *mut *mut leat_udp, events: *const leat_udp_events, arg: *mut c_void) -> leat_err;
    pub fn leat_udp_received_tos(udp: *const leat_udp) -> u8;
    pub fn leat_udp_received_ttl(udp: *const leat_udp) -> u8;
    pub fn leat_udp_register(stack: *mut leat, config: *const leat_udp_config) -> leat_err;
    pub fn leat_udp_send(udp: *mut leat_udp, payload: *mut leat_buf) -> leat_err;
    pub fn leat_udp_send_from(udp: *mut leat_udp, payload: *mut leat_buf, peer: *const leat_endpoint, local_ip: leat_ip) -> leat_err;
    pub fn leat_udp_send_to(udp: *mut leat_udp, payload: *mut leat_buf, peer: *const leat_endpoint) -> leat_err;
    pub fn leat_udp_set_broadcast(udp: *mut leat_udp, broadcast: bool);
    pub fn leat_udp_set_tos(udp: *mut leat_udp, tos: u8);
    pub fn leat_udp_set_ttl(udp: *mut leat_udp, ttl: u8);
    pub fn leat_udp_set_v6_only(udp: *mut leat_udp, v6_only: bool);
    pub fn leat_udp_socket_bytes() -> usize;
    pub fn leat_udp_stack(udp: *const leat_udp) -> *mut leat;
    pub fn leat_udp_was_fragmented(udp: *const leat_udp) -> bool;
    pub fn leat_unreachable_format(report: *const leat_unreachable, text: *mut c_char) -> usize;
    pub fn leat_unreachable_to(stack: *const leat, to: leat_ip) -> *const leat_unreachable;
    pub fn leat_url_join(joined: *mut c_char, base: *const c_char, reference: *const c_char, len: usize) -> leat_err;
    pub fn leat_url_parse(url: *mut leat_url, text: *const c_char) -> leat_err;
    pub fn leat_vlan_counts(vlan: *const leat_vlan) -> *const leat_vlan_counts;
    pub fn leat_vlan_init(vlan: *mut *mut leat_vlan, device: *mut leat_netif, memory: *mut c_void, bytes: usize, config: *const leat_vlan_config) -> leat_err;
    pub fn leat_vlan_memory_bytes() -> usize;
    pub fn leat_vlan_netif(vlan: *mut leat_vlan, id: u16) -> *mut leat_netif;
    pub fn leat_zip_add_memory(zip: *mut leat_zip, memory: *mut c_void, bytes: usize);
    pub fn leat_zip_clean_name(given: *const c_char, len: usize, name: *mut c_char) -> usize;
    pub fn leat_zip_data(zip: *mut leat_zip, bytes: *const c_void, len: usize);
    pub fn leat_zip_distinct_name(zip: *mut leat_zip, name: *mut c_char, len: usize) -> usize;
    pub fn leat_zip_end(zip: *mut leat_zip, piece: *mut u8) -> usize;
    pub fn leat_zip_entry(zip: *mut leat_zip, name: *const c_char, len: usize, piece: *mut u8) -> usize;
    pub fn leat_zip_entry_deflated(zip: *mut leat_zip, name: *const c_char, len: usize, piece: *mut u8) -> usize;
    pub fn leat_zip_entry_end(zip: *mut leat_zip, piece: *mut u8) -> usize;
    pub fn leat_zip_packed(zip: *mut leat_zip, len: usize);
    pub fn leat_zip_start(zip: *mut leat_zip, key: *const u64);
    pub fn leat_zip_stored(zip: *mut leat_zip, len: usize, piece: *mut u8) -> usize;
    pub fn leat_zip_use_crc32(zip: *mut leat_zip, crc32: Option<leat_zip_crc32>);
}
#[cfg(feature = "openssl")]
extern "C" {
    pub fn leat_crypto_openssl_close(crypto: *mut leat_crypto);
    pub fn leat_crypto_openssl_open(crypto: *mut leat_crypto, entropy: Option<leat_crypto_entropy>, arg: *mut c_void) -> leat_err;
}
