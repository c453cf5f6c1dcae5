/* lan9118_model.c -- the registers of a LAN9118 in memory. */
#include "lan9118_model.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "registers.h"

enum {
    CRC_BYTES = 4,
    MIN_BYTES = 60, /* the MAC pads shorter ones */
    PHY_NEGOTIATED = 1u << 5
};

/* ---- the wire ----------------------------------------------------------------------------- */

static void push_word(struct lan9118_model *model, uint32_t word)
{
    model->rx_words[(model->rx_word_first + model->rx_word_count++) % MODEL_RX_WORDS_MAX] = word;
}

void model_receive(struct lan9118_model *model, const uint8_t *bytes, uint32_t len, uint32_t errors)
{
    const uint32_t offset = model->rx_cfg >> 8 & 0x1f;
    const uint32_t all = offset + len + CRC_BYTES;
    uint32_t word = 0x11111111; /* the bytes of the offset are undefined */

    if (!(model->mac[MAC_CR] & MAC_CR_RXEN))
        return;
    if (model->rx_count == MODEL_RX_FRAMES ||
        model->rx_word_count + (all + 3) / 4 > model->rx_word_limit) {
        model->rx_drop++;
        return;
    }
    for (uint32_t at = offset; at < all; at++) {
        const uint32_t byte = at - offset < len ? bytes[at - offset] : 0xcc;

        word = (word & ~(0xffu << 8 * (at % 4))) | byte << 8 * (at % 4);
        if (at % 4 == 3 || at + 1 == all)
            push_word(model, word);
    }
    model->rx_status[(model->rx_first + model->rx_count++) % MODEL_RX_FRAMES] =
        (len + CRC_BYTES) << 16 | errors;
    model->int_sts |= INT_RSFL;
}

static void send(struct lan9118_model *model)
{
    assert_true(model->tx_reports < MODEL_TX_REPORTS); /* else the transmitter stops */
    model->tx_reports++;
    model->sent++;
    while (model->tx_len < MIN_BYTES)
        model->tx[model->tx_len++] = 0;
    if (model->holds_tx)
        model->held_bytes += 8 + (model->tx_len + 3) / 4 * 4;
    if (model->peer && (model->tx_cfg & TX_ON) && (model->mac[MAC_CR] & MAC_CR_TXEN))
        model_receive(model->peer, model->tx, model->tx_len, 0);
}

/* A word of the transmit FIFO: command A, command B, then the data of the only buffer. */
static void push_tx(struct lan9118_model *model, uint32_t word)
{
    assert_true(model->held_bytes + 4 * model->tx_words < MODEL_TX_BYTES);
    switch (model->tx_words++) {
    case 0:
        assert_int_equal(word & ~0x7ffu, TX_FIRST_AND_LAST); /* no offset, no alignment */
        model->tx_bytes = word & 0x7ff;
        model->tx_len = 0;
        return;
    case 1:
        assert_int_equal(word & 0x7ff, model->tx_bytes);
        model->tx_tag = word >> 16;
        return;
    default:
        break;
    }
    for (unsigned i = 0; i < 4 && model->tx_len < model->tx_bytes; i++)
        model->tx[model->tx_len++] = (uint8_t)(word >> 8 * i);
    if (model->tx_len == model->tx_bytes) {
        model->tx_words = 0;
        send(model);
    }
}

/* ---- the PHY ------------------------------------------------------------------------------ */

static void raise_phy(struct lan9118_model *model, uint32_t source)
{
    model->phy[PHY_INT_SOURCE] |= source;
    if (model->phy[PHY_INT_SOURCE] & model->phy[PHY_INT_MASK])
        model->int_sts |= INT_PHY;
}

void model_set_link(struct lan9118_model *model, bool is_up, uint32_t abilities)
{
    if (is_up)
        model->phy[PHY_STATUS] |= PHY_LINK_UP | PHY_NEGOTIATED;
    else
        model->phy[PHY_STATUS] &= ~(PHY_LINK_UP | PHY_NEGOTIATED);
    model->phy[PHY_PARTNER] = abilities;
    raise_phy(model, is_up ? PHY_INT_NEGOTIATED : PHY_INT_DOWN);
}

static void access_phy(struct lan9118_model *model, uint32_t word)
{
    const uint32_t number = word >> 6 & 31;

    assert_int_equal(word >> 11 & 31, 1); /* the internal one */
    model->mac[MAC_MII_ACC] = model->phy_is_stuck ? word | MII_BUSY : word & ~MII_BUSY;
    if (word & MII_WRITE) {
        model->phy[number] = model->mac[MAC_MII_DATA];
        return;
    }
    model->mac[MAC_MII_DATA] = model->phy[number];
    if (number == PHY_INT_SOURCE)
        model->phy[PHY_INT_SOURCE] = 0;
}

/* ---- registers ---------------------------------------------------------------------------- */

static void command_mac(struct lan9118_model *model, uint32_t word)
{
    const uint32_t number = word & 0xf;

    assert_true(word & MAC_CSR_BUSY);
    if (word & MAC_CSR_READ) {
        model->mac_data = model->mac[number];
    } else if (number == MAC_MII_ACC) {
        access_phy(model, model->mac_data);
    } else {
        model->mac[number] = model->mac_data;
    }
}

static void reset(struct lan9118_model *model)
{
    model->rx_count = model->rx_word_count = model->tx_words = model->tx_reports = 0;
    model->held_bytes = 0;
    model->int_sts = model->int_en = model->irq_cfg = model->tx_cfg = model->rx_cfg = 0;
    model->hw_cfg = model->never_resets;
    model->mac[MAC_CR] = 0;
    model->phy[PHY_ADVERTISED] = 0x1e1; /* 10 and 100 Mbit/s, half and full */
    model->phy[PHY_INT_MASK] = model->phy[PHY_INT_SOURCE] = 0;
    model->resets++;
}

static uint32_t pop_word(struct lan9118_model *model)
{
    uint32_t word;

    assert_true(model->rx_word_count > 0);
    word = model->rx_words[model->rx_word_first];
    model->rx_word_first = (model->rx_word_first + 1) % MODEL_RX_WORDS_MAX;
    model->rx_word_count--;
    return word;
}

static uint32_t pop_status(struct lan9118_model *model)
{
    uint32_t word;

    assert_true(model->rx_count > 0);
    word = model->rx_status[model->rx_first];
    model->rx_first = (model->rx_first + 1) % MODEL_RX_FRAMES;
    model->rx_count--;
    return word;
}

static uint32_t pop_report(struct lan9118_model *model)
{
    assert_true(model->tx_reports > 0);
    model->tx_reports--;
    return model->tx_tag << 16 | model->tx_status;
}

static uint32_t take_drops(struct lan9118_model *model)
{
    const uint32_t drops = model->rx_drop;

    model->rx_drop = 0;
    return drops;
}

static uint32_t model_read(void *bus, uint32_t at)
{
    struct lan9118_model *model = bus;

    if (model->is_absent)
        return UINT32_MAX;
    switch (at) {
    case RX_DATA_FIFO:
        return pop_word(model);
    case RX_STATUS_FIFO:
        return pop_status(model);
    case TX_STATUS_FIFO:
        return pop_report(model);
    case BYTE_TEST:
        return BYTE_TEST_RIGHT;
    case INT_STS:
        return model->int_sts;
    case HW_CFG:
        return model->hw_cfg;
    case PMT_CTRL:
        return PMT_READY;
    case RX_FIFO_INF:
        return model->rx_count << 16 | model->rx_word_count * 4;
    case TX_FIFO_INF:
        return model->tx_reports << 16 | (MODEL_TX_BYTES - model->held_bytes);
    case RX_DROP:
        return take_drops(model);
    case MAC_CSR_CMD:
        return model->mac_is_stuck ? MAC_CSR_BUSY : 0;
    case MAC_CSR_DATA:
        return model->mac_data;
    case E2P_CMD:
        return 0;
    default:
        fail_msg("the register %#x was read", (unsigned)at);
        return 0;
    }
}

static void model_write(void *bus, uint32_t at, uint32_t value)
{
    struct lan9118_model *model = bus;

    switch (at) {
    case TX_DATA_FIFO:
        push_tx(model, value);
        break;
    case IRQ_CFG:
        model->irq_cfg = value;
        break;
    case INT_STS:
        model->int_sts &= ~value;
        break;
    case INT_EN:
        model->int_en = value;
        break;
    case FIFO_INT:
        break;
    case RX_CFG:
        model->rx_cfg = value;
        break;
    case TX_CFG:
        model->tx_cfg = value;
        break;
    case HW_CFG:
        if (value & HW_SRST)
            reset(model);
        else
            model->hw_cfg = value;
        break;
    case MAC_CSR_CMD:
        command_mac(model, value);
        break;
    case MAC_CSR_DATA:
        model->mac_data = value;
        break;
    default:
        fail_msg("the register %#x was written", (unsigned)at);
    }
}

void model_power_up(struct lan9118_model *model, uint8_t last)
{
    *model = (struct lan9118_model){.mac = {[MAC_ADDRL] = last ? 0x00000002 : UINT32_MAX,
                                            [MAC_ADDRH] = last ? (uint32_t)last << 8 : 0xffff},
                                    .rx_word_limit = MODEL_RX_WORDS};
    reset(model);
    model->resets = 0;
    model_set_link(model, true, 0x1e1);
}

struct leat_lan9118_config model_config(struct lan9118_model *model)
{
    return (struct leat_lan9118_config){.read = model_read, .write = model_write, .bus = model};
}

bool model_interrupts(const struct lan9118_model *model)
{
    return (model->irq_cfg & IRQ_EN) && (model->int_sts & model->int_en);
}
