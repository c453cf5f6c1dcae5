/*
 * meet.c -- how the two ends get to share memory.
 *
 * The connecting end makes the memory, seals it, and sends its descriptor with a hello. The
 * listening end checks both before it maps the memory. Its size can't change after the check,
 * because the seals forbid it.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "inside.h"

enum {
    RING_BYTES = 512 * 1024, /* at least; stays in the cache, and holds 256 frames of 1,500 */
    RING_FRAMES = 8          /* at least: of the longest */
};

_Static_assert(sizeof(struct shm_memory) == SHM_HEAD_BYTES, "both ends lay it out alike");
_Static_assert(sizeof(struct shm_hello) == 24, "the same");

static const char magic[8] = {'l', 'e', 'a', 't', '-', 's', 'h', 'm'};

/* Room for a descriptor beside the hello, and for no second one. */
union control {
    struct cmsghdr head;
    uint8_t bytes[CMSG_SPACE(sizeof(int))];
};

void leat_shm_part(struct leat_shm *shm)
{
    if (shm->memory)
        munmap(shm->memory, shm->memory_bytes);
    shm->memory = NULL;
}

static bool map(struct leat_shm *shm, int memfd, uint32_t ring_bytes)
{
    const size_t bytes = SHM_HEAD_BYTES + 2 * (size_t)ring_bytes;
    void *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, memfd, 0);
    /* ring 0 leads away from the end that made the memory */
    const unsigned out = shm->takes_memory ? 1 : 0;

    if (memory == MAP_FAILED)
        return false;
    shm->memory = memory;
    shm->memory_bytes = bytes;
    leat_ring_init_producer(&shm->tx, &shm->memory->rings[out],
                            shm->memory->bytes + (size_t)out * ring_bytes, ring_bytes);
    leat_ring_init_consumer(&shm->rx, &shm->memory->rings[1 - out],
                            shm->memory->bytes + (size_t)(1 - out) * ring_bytes, ring_bytes);
    return true;
}

/* ---- the connecting end ------------------------------------------------------------------- */

static bool hand_over(const struct leat_shm *shm, int memfd, uint32_t ring_bytes)
{
    struct shm_hello hello = {
        .version = SHM_VERSION, .mtu = shm->netif.mtu, .ring_bytes = ring_bytes};
    struct iovec piece = {&hello, sizeof hello};
    union control control = {.head = {.cmsg_len = CMSG_LEN(sizeof memfd),
                                      .cmsg_level = SOL_SOCKET,
                                      .cmsg_type = SCM_RIGHTS}};
    const struct msghdr message = {.msg_iov = &piece,
                                   .msg_iovlen = 1,
                                   .msg_control = control.bytes,
                                   .msg_controllen = sizeof control.bytes};

    memcpy(hello.magic, magic, sizeof magic);
    memcpy(CMSG_DATA(&control.head), &memfd, sizeof memfd);
    return sendmsg(shm->fd, &message, MSG_DONTWAIT | MSG_NOSIGNAL) == (ssize_t)sizeof hello;
}

enum leat_err leat_shm_introduce(struct leat_shm *shm, char why[LEAT_WHY_BYTES])
{
    const uint32_t longest = RING_FRAMES * leat_ring_record_bytes(shm->frame_max);
    const int memfd = memfd_create("leat-shm", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    uint32_t ring_bytes = RING_BYTES;
    bool good;

    /* a power of two, so that a place in the ring is an index without its upper bits */
    while (ring_bytes < longest)
        ring_bytes *= 2;
    good = memfd >= 0 && ftruncate(memfd, SHM_HEAD_BYTES + 2 * (off_t)ring_bytes) == 0 &&
           fcntl(memfd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) == 0 &&
           map(shm, memfd, ring_bytes) && hand_over(shm, memfd, ring_bytes);
    if (!good)
        snprintf(why, LEAT_WHY_BYTES, "can't share memory with %s: %s", shm->name, strerror(errno));
    if (memfd >= 0)
        close(memfd); /* the mappings keep the memory */
    return good ? LEAT_OK : LEAT_ERR_DEVICE;
}

/* ---- the listening end -------------------------------------------------------------------- */

bool leat_shm_is_safe(int memfd, uint32_t ring_bytes)
{
    /* Without the seal, a peer could shrink the file later, and our next access would end in
     * SIGBUS. Only tmpfs is let through: hugetlbfs knows the seals, too, but its pages come from a
     * stock that may be empty. */
    const int seals = fcntl(memfd, F_GET_SEALS);
    struct statfs system;
    struct stat facts;

    return seals >= 0 && (seals & F_SEAL_SHRINK) && fstat(memfd, &facts) == 0 &&
           facts.st_size >= SHM_HEAD_BYTES + 2 * (off_t)ring_bytes &&
           fstatfs(memfd, &system) == 0 && system.f_type == TMPFS_MAGIC;
}

static enum shm_bell judge(struct leat_shm *shm, const struct shm_hello *hello, int memfd)
{
    if (memcmp(hello->magic, magic, sizeof magic) != 0 || hello->version != SHM_VERSION)
        return SHM_OTHER_HELLO;
    /* Frames of a larger MTU would be dropped as too long, one after the other and without a
     * message. */
    if (hello->mtu != shm->netif.mtu)
        return SHM_OTHER_MTU;
    if (hello->ring_bytes & (hello->ring_bytes - 1) || hello->ring_bytes > SHM_RING_BYTES_MAX ||
        hello->ring_bytes < 2 * leat_ring_record_bytes(shm->frame_max) || memfd < 0 ||
        !leat_shm_is_safe(memfd, hello->ring_bytes) || !map(shm, memfd, hello->ring_bytes))
        return SHM_BAD_MEMORY;
    return SHM_WAKE;
}

/* The descriptor that came with @message, or -1. */
static int descriptor_of(struct msghdr *message)
{
    const struct cmsghdr *head = CMSG_FIRSTHDR(message);
    int fd = -1;

    if (head && head->cmsg_level == SOL_SOCKET && head->cmsg_type == SCM_RIGHTS &&
        head->cmsg_len == CMSG_LEN(sizeof fd))
        memcpy(&fd, CMSG_DATA(head), sizeof fd);
    return fd;
}

enum shm_bell leat_shm_meet(struct leat_shm *shm)
{
    struct shm_hello hello;
    struct iovec piece = {&hello, sizeof hello};
    union control control;
    struct msghdr message = {.msg_iov = &piece,
                             .msg_iovlen = 1,
                             .msg_control = control.bytes,
                             .msg_controllen = CMSG_LEN(sizeof(int))};
    const ssize_t got = recvmsg(shm->fd, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
    enum shm_bell verdict = SHM_OTHER_HELLO;
    int memfd;

    if (got < 0 && (errno == EAGAIN || errno == EINTR))
        return SHM_WAKE;
    memfd = got > 0 ? descriptor_of(&message) : -1;
    if (got == (ssize_t)sizeof hello)
        verdict = judge(shm, &hello, memfd);
    if (memfd >= 0)
        close(memfd);
    return verdict;
}
