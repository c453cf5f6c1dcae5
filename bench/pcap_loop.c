/* pcap_loop.c -- reads a capture with libpcap and does nothing: the cost of reading alone. */
#define _DEFAULT_SOURCE /* the types of libpcap's headers */

#include <pcap/pcap.h>
#include <stdio.h>

int main(int argc, char **argv)
{
    char error[PCAP_ERRBUF_SIZE] = "";
    struct pcap_pkthdr *header;
    const u_char *bytes;
    unsigned long long frames = 0;
    pcap_t *file = argc == 2 ? pcap_open_offline(argv[1], error) : NULL;

    if (!file) {
        fprintf(stderr, "usage: pcap_loop CAPTURE %s\n", error);
        return 2;
    }
    while (pcap_next_ex(file, &header, &bytes) == 1)
        frames++;
    pcap_close(file);
    printf("%llu frames\n", frames);
    return 0;
}
