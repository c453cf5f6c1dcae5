/*
 * gateway.h -- a gateway between two stacks that gives the client many addresses (NAT): one for
 * each source port and, of TCP, destination port, as far as there are so many.
 *
 * Frames are of Ethernet, IPv4 without options or IPv6 without extension headers; frames of neither
 * TCP nor UDP pass unchanged.  The client's own addresses are 10.0.0.1 and 2001:db8::1; those that
 * the server sees are 11.0.0.1 and 2001:db8:1::1 and above.
 */
#ifndef BENCH_GATEWAY_H
#define BENCH_GATEWAY_H

#include <stdint.h>

/* A frame to the server comes from one of @peers addresses from now on. */
void gateway_to_server(uint8_t *frame, uint32_t peers);

/* ... and one to the client goes to its own address. */
void gateway_to_client(uint8_t *frame);

/* The number by which a frame's flow is counted: its source port, whatever the protocol. */
uint32_t gateway_flow(const uint8_t *frame);

#endif
