/* registers.h -- the registers of the LAN9118 family, by the names of its datasheet (5.3, 5.4). */
#ifndef LAN9118_REGISTERS_H
#define LAN9118_REGISTERS_H

/* Offsets of the system registers. */
enum {
    RX_DATA_FIFO = 0x00,
    TX_DATA_FIFO = 0x20,
    RX_STATUS_FIFO = 0x40,
    TX_STATUS_FIFO = 0x48,
    IRQ_CFG = 0x54,
    INT_STS = 0x58,
    INT_EN = 0x5c,
    BYTE_TEST = 0x64,
    FIFO_INT = 0x68,
    RX_CFG = 0x6c,
    TX_CFG = 0x70,
    HW_CFG = 0x74,
    RX_FIFO_INF = 0x7c,
    TX_FIFO_INF = 0x80,
    PMT_CTRL = 0x84,
    RX_DROP = 0xa0,
    MAC_CSR_CMD = 0xa4,
    MAC_CSR_DATA = 0xa8,
    E2P_CMD = 0xb0
};

#define BYTE_TEST_RIGHT 0x87654321u
#define BIT(n)          (1u << (n))

/* IRQ_CFG: the interrupt pin. */
#define IRQ_EN          BIT(8)
#define IRQ_ACTIVE_HIGH BIT(4)
#define IRQ_PUSH_PULL   BIT(0)

/* INT_STS, INT_EN */
#define INT_PHY  BIT(18)
#define INT_RXE  BIT(14) /* the receive FIFO was read too far, or is out of step */
#define INT_TXE  BIT(13) /* the transmit FIFO has got a wrong command */
#define INT_RSFL BIT(3)  /* frames wait */

/* HW_CFG, PMT_CTRL, E2P_CMD */
#define HW_SRST              BIT(0)
#define HW_STORE_AND_FORWARD BIT(20)    /* "must be one" */
#define HW_TX_FIFO_5K        (5u << 16) /* 4,608 bytes of data and 512 of status, by default */
#define PMT_READY            BIT(0)
#define E2P_BUSY             BIT(31)

/* RX_CFG, TX_CFG */
#define RX_OFFSET_2 (2u << 8) /* two bytes in front of a frame align its IP header */
#define TX_ON       BIT(1)

/* A word of the status FIFO for received frames */
#define RX_STATUS_ERROR       BIT(15)
#define RX_STATUS_BYTES(word) ((word) >> 16 & 0x3fff) /* with the CRC */

/* A word of the status FIFO for sent frames */
#define TX_STATUS_ERROR BIT(15)

/* The two words in front of the data of a frame to send */
#define TX_FIRST_AND_LAST (BIT(13) | BIT(12))
#define TX_TAG(n)         ((uint32_t)(n) << 16)

/* MAC_CSR_CMD, and the registers of the MAC that it reaches. */
#define MAC_CSR_BUSY BIT(31)
#define MAC_CSR_READ BIT(30)
enum {
    MAC_CR = 1,
    MAC_ADDRH = 2,
    MAC_ADDRL = 3,
    MAC_MII_ACC = 6,
    MAC_MII_DATA = 7
};

#define MAC_CR_FULL_DUPLEX BIT(20)
#define MAC_CR_ALL_GROUPS  BIT(19)
#define MAC_CR_TXEN        BIT(3)
#define MAC_CR_RXEN        BIT(2)

/* MAC_MII_ACC, and the registers of the PHY that it reaches (IEEE 802.3 22.2.4, datasheet 5.5). */
#define MII_PHY   (1u << 11) /* the internal PHY has the address 1 */
#define MII_WRITE BIT(1)
#define MII_BUSY  BIT(0)
enum {
    PHY_CONTROL = 0,
    PHY_STATUS = 1,
    PHY_ADVERTISED = 4,
    PHY_PARTNER = 5,
    PHY_INT_SOURCE = 29,
    PHY_INT_MASK = 30
};

#define PHY_NEGOTIATE      (BIT(12) | BIT(9)) /* autonegotiation, from the beginning */
#define PHY_LINK_UP        BIT(2)
#define PHY_100_FULL       BIT(8)
#define PHY_100_HALF       BIT(7)
#define PHY_10_FULL        BIT(6)
#define PHY_INT_NEGOTIATED BIT(6)
#define PHY_INT_DOWN       BIT(4)

#endif
