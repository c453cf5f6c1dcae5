/*
 * lan9118.c -- the LAN9118 family: frames through its FIFOs.
 *
 * Received frames wait in a FIFO of words, and a second one has their lengths and errors. A frame
 * is taken only when the pool has a buffer for it, so a dry pool leaves frames in the controller.
 * To send, two words of command and the frame are written to one FIFO; the controller sends a frame
 * when it is complete. Every wait for the controller is bounded; one that ends without an answer
 * marks it as lost.
 *
 * The interrupt says that frames wait, or that the link has changed. receive() takes it back before
 * it looks at the FIFO, so a frame that comes in between asks again.
 */
#include <leat/lan9118.h>

#include <stddef.h>
#include <string.h>

#include "registers.h"

enum {
    RX_HEADROOM = LEAT_BUF_HEADROOM - 2, /* the IP header lies on a multiple of 4 */
    WORD = 4,
    ETHERNET_BYTES = 14,
    TAG_BYTES = 4,
    CRC_BYTES = 4,
    OFFSET_BYTES = 2, /* RX_OFFSET_2 */
    MTU_MIN = 68,     /* RFC 791 3.2 */
    MTU_MAX = 1500,
    /* the place that the longest frame takes in the transmit FIFO: two words of command, and the
     * frame in whole words */
    TX_FRAME_BYTES = 2 * WORD + MTU_MAX + ETHERNET_BYTES + TAG_BYTES + WORD - 1,
    POLLS_MAX = 100000, /* reads of a register until it says that a command has ended */
    STATUS_MAX = 128,   /* words of the status FIFO for sent frames: 512 bytes */
    FRAMES_BAD_MAX = 64 /* dropped in one receive() */
};

static const uint64_t look_ns = 1000000000; /* between looks at a link that is down */
static const uint64_t retry_ns = 1000000;   /* until the next look for free buffers */

static struct leat_lan9118 *controller_of(struct leat_netif *netif)
{
    return (struct leat_lan9118 *)(void *)netif; /* its first member, aligned as the whole */
}

static uint32_t get(const struct leat_lan9118 *controller, uint32_t at)
{
    return controller->config.read(controller->config.bus, at);
}

static void put(const struct leat_lan9118 *controller, uint32_t at, uint32_t value)
{
    controller->config.write(controller->config.bus, at, value);
}

/* ---- commands ----------------------------------------------------------------------------- */

static bool is_lost(const struct leat_lan9118 *controller)
{
    return controller->why != NULL || !controller->is_open;
}

/* Waits until the bits @mask of the register @at are @value. False: they never were. */
static bool becomes(struct leat_lan9118 *controller, uint32_t at, uint32_t mask, uint32_t value,
                    const char *why)
{
    for (unsigned i = 0; i < POLLS_MAX; i++) {
        if ((get(controller, at) & mask) == value)
            return true;
    }
    controller->why = why;
    return false;
}

/* Reads or writes a register of the MAC, by @command. */
static bool mac_command(struct leat_lan9118 *controller, uint32_t command)
{
    static const char why[] = "the controller did not end a command of its MAC";

    put(controller, MAC_CSR_CMD, command | MAC_CSR_BUSY);
    return becomes(controller, MAC_CSR_CMD, MAC_CSR_BUSY, 0, why);
}

static bool mac_write(struct leat_lan9118 *controller, uint32_t number, uint32_t value)
{
    put(controller, MAC_CSR_DATA, value);
    return mac_command(controller, number);
}

/* 0 after a failure, which marks the controller as lost. */
static uint32_t mac_read(struct leat_lan9118 *controller, uint32_t number)
{
    return mac_command(controller, number | MAC_CSR_READ) ? get(controller, MAC_CSR_DATA) : 0;
}

/* Waits for the end of an access to the PHY. */
static bool mii_is_free(struct leat_lan9118 *controller)
{
    for (unsigned i = 0; i < POLLS_MAX / 100; i++) {
        const uint32_t word = mac_read(controller, MAC_MII_ACC);

        if (controller->why)
            return false;
        if (!(word & MII_BUSY))
            return true;
    }
    controller->why = "the controller did not end a command of its PHY";
    return false;
}

static uint32_t phy_read(struct leat_lan9118 *controller, uint32_t number)
{
    if (!mac_write(controller, MAC_MII_ACC, MII_PHY | number << 6 | MII_BUSY) ||
        !mii_is_free(controller))
        return 0;
    return mac_read(controller, MAC_MII_DATA);
}

static bool phy_write(struct leat_lan9118 *controller, uint32_t number, uint32_t value)
{
    return mac_write(controller, MAC_MII_DATA, value) &&
           mac_write(controller, MAC_MII_ACC, MII_PHY | number << 6 | MII_WRITE | MII_BUSY) &&
           mii_is_free(controller);
}

/* ---- start -------------------------------------------------------------------------------- */

/* The link runs in the best mode that both ends have (IEEE 802.3 28.3.3). */
static bool is_full_duplex(uint32_t common)
{
    return (common & PHY_100_FULL) || (!(common & PHY_100_HALF) && (common & PHY_10_FULL));
}

/* Looks at the link, and takes the duplex mode that was negotiated. */
static void look_at_link(struct leat_lan9118 *controller, uint64_t now_ns)
{
    uint32_t mode = MAC_CR_ALL_GROUPS | MAC_CR_TXEN | MAC_CR_RXEN;
    bool is_up;

    /* the first read tells of a loss since the last one (IEEE 802.3 22.2.4.2.13) */
    (void)phy_read(controller, PHY_STATUS);
    is_up = phy_read(controller, PHY_STATUS) & PHY_LINK_UP;
    if (is_up &&
        is_full_duplex(phy_read(controller, PHY_ADVERTISED) & phy_read(controller, PHY_PARTNER)))
        mode |= MAC_CR_FULL_DUPLEX;
    (void)mac_write(controller, MAC_CR, mode);
    controller->counters.link_changes += is_up != controller->is_up;
    controller->is_up = is_up;
    controller->look_ns = now_ns + look_ns;
}

/* Resets it, and sets all that a reset forgets; 12.1 of the datasheet's guide has the order. */
static bool start(struct leat_lan9118 *controller)
{
    static const char why[] = "the controller did not end its reset";
    const uint8_t *mac = controller->netif.mac.octet;

    put(controller, HW_CFG, HW_SRST);
    if (!becomes(controller, HW_CFG, HW_SRST, 0, why) ||
        !becomes(controller, PMT_CTRL, PMT_READY, PMT_READY, why) ||
        !becomes(controller, E2P_CMD, E2P_BUSY, 0, why))
        return false;
    put(controller, HW_CFG, HW_STORE_AND_FORWARD | HW_TX_FIFO_5K);
    put(controller, RX_CFG, RX_OFFSET_2);
    put(controller, TX_CFG, TX_ON);
    put(controller, FIFO_INT, 0); /* one frame that waits is enough for INT_RSFL */
    put(controller, INT_STS, UINT32_MAX);
    put(controller, INT_EN, INT_RSFL | INT_PHY | INT_RXE | INT_TXE);
    put(controller, IRQ_CFG,
        IRQ_EN | (controller->config.irq_is_open_drain ? 0 : IRQ_ACTIVE_HIGH | IRQ_PUSH_PULL));
    if (mac[0] | mac[1] | mac[2] | mac[3] | mac[4] | mac[5]) {
        (void)mac_write(controller, MAC_ADDRH, mac[4] | (uint32_t)mac[5] << 8);
        (void)mac_write(controller, MAC_ADDRL,
                        mac[0] | (uint32_t)mac[1] << 8 | (uint32_t)mac[2] << 16 |
                            (uint32_t)mac[3] << 24);
    }
    return phy_write(controller, PHY_INT_MASK, PHY_INT_NEGOTIATED | PHY_INT_DOWN) &&
           phy_write(controller, PHY_CONTROL, PHY_NEGOTIATE);
}

/* After an error of the FIFOs the beginning of a frame is unknown, so all frames are lost. */
static void start_again(struct leat_lan9118 *controller, uint64_t now_ns)
{
    controller->counters.resets++;
    if (start(controller))
        look_at_link(controller, now_ns);
}

/* ---- received frames ---------------------------------------------------------------------- */

static void look_at_interrupts(struct leat_lan9118 *controller, uint64_t now_ns)
{
    const uint32_t status = get(controller, INT_STS);

    put(controller, INT_STS, status);
    if (status & (INT_RXE | INT_TXE)) {
        start_again(controller, now_ns);
        return;
    }
    if (status & INT_PHY)
        (void)phy_read(controller, PHY_INT_SOURCE); /* takes it back */
    if ((status & INT_PHY) || (!controller->is_up && now_ns >= controller->look_ns))
        look_at_link(controller, now_ns);
}

static void drop_words(const struct leat_lan9118 *controller, uint32_t words)
{
    while (words-- > 0)
        (void)get(controller, RX_DATA_FIFO);
}

/* Reads the frame of @status into @buf, which has room for it. */
static void read_frame(const struct leat_lan9118 *controller, uint8_t *bytes, uint32_t words)
{
    uint32_t word = get(controller, RX_DATA_FIFO);

    memcpy(bytes, (const uint8_t *)&word + OFFSET_BYTES, WORD - OFFSET_BYTES);
    bytes += WORD - OFFSET_BYTES;
    for (; words > 1; words--, bytes += WORD) {
        word = get(controller, RX_DATA_FIFO);
        memcpy(bytes, &word, WORD);
    }
}

/* Takes the next frame into @buf, or drops it and counts why. */
static bool take_frame(struct leat_lan9118 *controller, struct leat_buf *buf)
{
    const uint32_t status = get(controller, RX_STATUS_FIFO);
    const uint32_t with_crc = RX_STATUS_BYTES(status);
    const uint32_t words = (OFFSET_BYTES + with_crc + WORD - 1) / WORD;
    const uint32_t most = controller->netif.mtu + (uint32_t)(ETHERNET_BYTES + TAG_BYTES);
    uint8_t *bytes = NULL;

    if (status & RX_STATUS_ERROR)
        controller->counters.rx_bad++;
    else if (with_crc >= ETHERNET_BYTES + CRC_BYTES && with_crc <= most + CRC_BYTES)
        bytes = leat_buf_put(buf, words * WORD - OFFSET_BYTES);
    if (!bytes) {
        controller->counters.rx_length += !(status & RX_STATUS_ERROR);
        drop_words(controller, words);
        return false;
    }
    read_frame(controller, bytes, words);
    leat_buf_trim(buf, with_crc - CRC_BYTES);
    return true;
}

static bool has_frame(const struct leat_lan9118 *controller)
{
    return get(controller, RX_FIFO_INF) >> 16 & 0xff;
}

static uint32_t receive(struct leat_netif *netif, uint64_t now_ns, struct leat_pool *pool,
                        struct leat_buf **frames, uint32_t frames_max)
{
    struct leat_lan9118 *controller = controller_of(netif);
    struct leat_buf *buf = NULL;
    uint32_t count = 0, bad = 0;

    controller->is_starved = controller->has_more = false;
    if (is_lost(controller))
        return 0;
    look_at_interrupts(controller, now_ns);
    while (!is_lost(controller) && has_frame(controller)) {
        controller->has_more = count == frames_max || bad == FRAMES_BAD_MAX;
        if (controller->has_more)
            break;
        if (!buf)
            buf = leat_buf_alloc(pool, RX_HEADROOM);
        controller->is_starved = !buf;
        if (!buf)
            break;
        if (!take_frame(controller, buf)) {
            bad++; /* the buffer is for the next one */
            continue;
        }
        frames[count++] = buf;
        buf = NULL;
    }
    leat_buf_free(buf);
    controller->counters.rx_starved += controller->is_starved;
    controller->counters.rx_overrun += get(controller, RX_DROP); /* counts since the last read */
    return count;
}

/* ---- frames to send ----------------------------------------------------------------------- */

/* Takes the reports on frames that were sent, or their FIFO fills up. */
static void take_reports(struct leat_lan9118 *controller)
{
    for (unsigned i = 0; i < STATUS_MAX && (get(controller, TX_FIFO_INF) >> 16 & 0xff); i++) {
        if (get(controller, TX_STATUS_FIFO) & TX_STATUS_ERROR)
            controller->counters.tx_bad++;
    }
}

/* A lost controller takes frames, which are lost too: none shall wait for it. */
static uint32_t transmit_room(struct leat_netif *netif)
{
    struct leat_lan9118 *controller = controller_of(netif);

    if (is_lost(controller))
        return 1;
    take_reports(controller);
    return (get(controller, TX_FIFO_INF) & 0xffff) / TX_FRAME_BYTES;
}

/* Bytes on their way into words of a FIFO. */
struct packer {
    uint32_t word;
    uint32_t bytes; /* in `word` */
};

static void pack(const struct leat_lan9118 *controller, struct packer *packer, const uint8_t *bytes,
                 uint32_t len)
{
    while (len > 0 && (packer->bytes > 0 || len < WORD)) {
        packer->word |= (uint32_t)*bytes++ << 8 * packer->bytes++;
        len--;
        if (packer->bytes == WORD) {
            put(controller, TX_DATA_FIFO, packer->word);
            *packer = (struct packer){0};
        }
    }
    for (; len >= WORD; len -= WORD, bytes += WORD) {
        uint32_t word;

        memcpy(&word, bytes, WORD);
        put(controller, TX_DATA_FIFO, word);
    }
    for (; len > 0; len--)
        packer->word |= (uint32_t)*bytes++ << 8 * packer->bytes++;
}

static void send_frame(struct leat_lan9118 *controller, const struct leat_buf *frame)
{
    const uint32_t len = leat_buf_total(frame);
    struct packer packer = {0};

    if (is_lost(controller) ||
        len > controller->netif.mtu + (uint32_t)(ETHERNET_BYTES + TAG_BYTES)) {
        controller->counters.tx_lost++;
        return;
    }
    put(controller, TX_DATA_FIFO, TX_FIRST_AND_LAST | len);
    put(controller, TX_DATA_FIFO, TX_TAG(len) | len); /* any tag will do: none is looked at */
    for (; frame; frame = frame->next)
        pack(controller, &packer, frame->data, frame->len);
    if (packer.bytes > 0)
        put(controller, TX_DATA_FIFO, packer.word);
}

static void transmit(struct leat_netif *netif, uint64_t now_ns, struct leat_buf **frames,
                     uint32_t frame_count)
{
    (void)now_ns;
    for (uint32_t i = 0; i < frame_count; i++) {
        send_frame(controller_of(netif), frames[i]);
        leat_buf_free(frames[i]);
    }
}

/* ---- the rest ----------------------------------------------------------------------------- */

static uint64_t next_look_ns(struct leat_netif *netif, uint64_t now_ns)
{
    struct leat_lan9118 *controller = controller_of(netif);

    if (is_lost(controller))
        return LEAT_NEVER_NS;
    if (controller->has_more)
        return now_ns;
    /* no interrupt tells of free buffers, or of room to send */
    if (controller->is_starved || transmit_room(netif) == 0)
        return now_ns + retry_ns;
    return controller->is_up ? LEAT_NEVER_NS : controller->look_ns;
}

static void close(struct leat_netif *netif)
{
    struct leat_lan9118 *controller = controller_of(netif);

    if (!controller->is_open)
        return;
    put(controller, INT_EN, 0);
    put(controller, IRQ_CFG, 0);
    (void)mac_write(controller, MAC_CR, 0);
    controller->is_open = false;
}

static const struct leat_netif_ops ops = {.receive = receive,
                                          .transmit_room = transmit_room,
                                          .transmit = transmit,
                                          .next_look_ns = next_look_ns,
                                          .close = close};

/* The address that the controller has read from its EEPROM. */
static struct leat_mac own_mac(struct leat_lan9118 *controller)
{
    const uint32_t low = mac_read(controller, MAC_ADDRL);
    const uint32_t high = mac_read(controller, MAC_ADDRH);

    return (struct leat_mac){{(uint8_t)low, (uint8_t)(low >> 8), (uint8_t)(low >> 16),
                              (uint8_t)(low >> 24), (uint8_t)high, (uint8_t)(high >> 8)}};
}

/* True for the address of a station: without the group bit, and neither of the two that an empty
 * EEPROM gives. */
static bool is_station(const struct leat_mac *mac)
{
    const uint8_t *octet = mac->octet;

    return !(octet[0] & 1) && (octet[0] | octet[1] | octet[2] | octet[3] | octet[4] | octet[5]);
}

static const char *wrong_of(const struct leat_lan9118_config *config)
{
    if (LEAT_RESERVED_IS_USED(config))
        return LEAT_RESERVED_WHY;
    if (!config->read || !config->write)
        return "a function for the registers is missing";
    if (config->mtu != 0 && (config->mtu < MTU_MIN || config->mtu > MTU_MAX))
        return "the MTU must be 68 to 1500";
    if (config->mac && !is_station(config->mac))
        return "the MAC address must be one station's (first octet even)";
    return NULL;
}

enum leat_err leat_lan9118_open(struct leat_lan9118 *controller,
                                const struct leat_lan9118_config *config, const char **why)
{
    *why = wrong_of(config);
    if (*why)
        return LEAT_ERR_ARGUMENT;
    *controller =
        (struct leat_lan9118){.netif = {.ops = &ops,
                                        .name = "lan9118",
                                        .mtu = config->mtu ? config->mtu : (uint16_t)MTU_MAX,
                                        .capabilities = LEAT_NETIF_GATHER},
                              .config = *config};
    if (config->mac)
        controller->netif.mac = *config->mac;
    if (!becomes(controller, BYTE_TEST, UINT32_MAX, BYTE_TEST_RIGHT,
                 "no LAN9118 answers, or its bytes come in another order")) {
        *why = controller->why;
        return LEAT_ERR_NOT_FOUND;
    }
    if (start(controller) && !config->mac)
        controller->netif.mac = own_mac(controller);
    *why = controller->why;
    if (controller->why)
        return LEAT_ERR_DEVICE;
    *why = "the controller has no EEPROM with a MAC address: give it one";
    if (!is_station(&controller->netif.mac))
        return LEAT_ERR_ARGUMENT;
    *why = NULL;
    controller->is_open = true;
    return LEAT_OK;
}

struct leat_netif *leat_lan9118_netif(struct leat_lan9118 *controller)
{
    return &controller->netif;
}

const struct leat_lan9118_counters *leat_lan9118_counters(const struct leat_lan9118 *controller)
{
    return &controller->counters;
}

bool leat_lan9118_link_up(const struct leat_lan9118 *controller)
{
    return controller->is_up;
}

const char *leat_lan9118_why(const struct leat_lan9118 *controller)
{
    return controller->why;
}
