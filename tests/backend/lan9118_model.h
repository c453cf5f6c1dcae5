/*
 * lan9118_model.h -- the registers of a LAN9118 in memory, as its datasheet describes them, with an
 * Ethernet between two of them.
 *
 * A test fails if its driver does what the datasheet forbids: if it reads an empty FIFO, fills a
 * full one, or uses a register before the reset has ended.
 */
#ifndef BACKEND_LAN9118_MODEL_H
#define BACKEND_LAN9118_MODEL_H

#include <stdbool.h>
#include <stdint.h>

#include <leat/lan9118.h>

enum {
    MODEL_RX_WORDS = 2640,        /* 10,560 bytes of data: TX_FIF_SZ is 5 */
    MODEL_RX_WORDS_MAX = 1 << 15, /* what a test may set instead: the kit sends long bursts */
    MODEL_RX_FRAMES = 176,        /* 704 bytes of status */
    MODEL_TX_BYTES = 4608,
    MODEL_TX_REPORTS = 128, /* 512 bytes of status */
    MODEL_FRAME_MAX = 2048
};

struct lan9118_model {
    struct lan9118_model *peer; /* gets the frames that are sent; NULL: they are lost */
    uint32_t rx_words[MODEL_RX_WORDS_MAX], rx_word_limit, rx_word_count, rx_word_first;
    uint32_t rx_status[MODEL_RX_FRAMES], rx_count, rx_first;
    uint32_t rx_drop;
    uint8_t tx[MODEL_FRAME_MAX]; /* the frame that is being written */
    uint32_t tx_words, tx_bytes, tx_len, tx_tag;
    uint32_t tx_reports, tx_status; /* the word that each report has */
    uint32_t sent;
    uint32_t mac[16], mac_data, phy[32];
    uint32_t int_sts, int_en, irq_cfg, hw_cfg, tx_cfg, rx_cfg;
    uint32_t resets;
    bool holds_tx; /* frames stay in the FIFO */
    uint32_t held_bytes;
    bool is_absent;    /* nothing answers */
    bool never_resets; /* the reset doesn't end */
    bool mac_is_stuck; /* no command of the MAC ends */
    bool phy_is_stuck; /* no command of the PHY ends */
};

/* Powers it up, with the address @last in its EEPROM; 0: the EEPROM is empty. */
void model_power_up(struct lan9118_model *model, uint8_t last);

/* The configuration of a driver for it. */
struct leat_lan9118_config model_config(struct lan9118_model *model);

/* A frame from the wire; @errors go into its word of status. */
void model_receive(struct lan9118_model *model, const uint8_t *bytes, uint32_t len,
                   uint32_t errors);

/* The link goes up or down, with the @abilities of the partner. */
void model_set_link(struct lan9118_model *model, bool is_up, uint32_t abilities);

/* True while the line of the interrupt is active. */
bool model_interrupts(const struct lan9118_model *model);

#endif
