/*
 * device.c -- opens a TAP device, or one queue of it, and explains failures.
 *
 * The kernel answers a wrong device with one of a few error numbers, which say little to a user.
 * The functions explain_...() turn them into a sentence with the command that helps, and ask the
 * kernel for facts (facts.c) where one number has several reasons.
 */
#include "device.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "facts.h"

enum {
    MTU_MADE = 1500 /* of a device that is made */
};

static enum leat_err explain_node(int error, char why[LEAT_WHY_BYTES])
{
    if (error == EACCES || error == EPERM)
        snprintf(why, LEAT_WHY_BYTES, "no permission to open /dev/net/tun: run as root");
    else if (error == ENOENT || error == ENODEV)
        snprintf(why, LEAT_WHY_BYTES, "no /dev/net/tun on this system: try modprobe tun");
    else
        snprintf(why, LEAT_WHY_BYTES, "can't open /dev/net/tun: %s", strerror(error));
    return LEAT_ERR_DEVICE;
}

/* EINVAL has three reasons. */
static void explain_kind(const char *device, bool tun, const struct tap_facts *facts,
                         char why[LEAT_WHY_BYTES])
{
    if (facts->tun != tun || !(facts->tap || facts->tun))
        snprintf(why, LEAT_WHY_BYTES, "%s is no %s device: choose another name", device,
                 tun ? "TUN" : "TAP");
    else if (facts->multi_queue)
        snprintf(why, LEAT_WHY_BYTES,
                 "TAP device %s was made for several queues: make it without multi_queue", device);
    else
        snprintf(why, LEAT_WHY_BYTES,
                 "TAP device %s has one queue: make it with: ip tuntap add %s mode tap multi_queue",
                 device, device);
}

static enum leat_err explain_attach(const char *device, bool tun, int error,
                                    char why[LEAT_WHY_BYTES])
{
    struct tap_facts facts = {0};

    if (error == EPERM || error == EACCES) {
        snprintf(why, LEAT_WHY_BYTES,
                 "no permission to open TAP device %s: run as root or create it with: "
                 "ip tuntap add %s mode %s user $USER",
                 device, device, tun ? "tun" : "tap");
    } else if (error == EBUSY) {
        snprintf(why, LEAT_WHY_BYTES,
                 "TAP device %s is in use: end the other program, or take "
                 "another device",
                 device);
    } else if (error == EINVAL) {
        leat_tap_facts(device, &facts);
        explain_kind(device, tun, &facts, why);
    } else if (error == E2BIG) {
        snprintf(why, LEAT_WHY_BYTES, "TAP device %s has no more queues: all of them are in use",
                 device);
    } else {
        snprintf(why, LEAT_WHY_BYTES, "can't open TAP device %s: %s", device, strerror(error));
    }
    return LEAT_ERR_DEVICE;
}

/* Queues that another program holds would silently get a part of our frames: the kernel objects
 * only if the device has just one queue. */
static enum leat_err check_queues(const struct leat_tap_config *config, const char *device,
                                  char why[LEAT_WHY_BYTES])
{
    struct tap_facts facts;

    if (config->queues > LEAT_TAP_QUEUES_MAX || (config->queue > 0 && !config->queues) ||
        (config->queues > 0 && config->queue >= config->queues)) {
        snprintf(why, LEAT_WHY_BYTES,
                 "there is no queue %u of %u: a TAP device has 1 to %d, from 0 on",
                 (unsigned)config->queue, (unsigned)config->queues, LEAT_TAP_QUEUES_MAX);
        return LEAT_ERR_ARGUMENT;
    }
    /* Facts that can't be read refuse nothing: TUNSETIFF decides then. */
    if (config->queues == 0 || !leat_tap_facts(device, &facts) || facts.queues == config->queue)
        return LEAT_OK;
    snprintf(why, LEAT_WHY_BYTES,
             "TAP device %s has %u queues open, where queue %u is to be next: "
             "end the other program, or open queues in their order",
             device, (unsigned)facts.queues, (unsigned)config->queue);
    return LEAT_ERR_DEVICE;
}

static enum leat_err explain_missing(const char *device, bool tun, char why[LEAT_WHY_BYTES])
{
    snprintf(why, LEAT_WHY_BYTES,
             "no %s device %s: create it with: ip tuntap add %s mode %s && "
             "ip addr add 10.0.0.1/24 dev %s && ip link set %s up",
             tun ? "TUN" : "TAP", device, device, tun ? "tun" : "tap", device, device);
    return LEAT_ERR_NOT_FOUND;
}

/* True if this process may change devices. */
static bool is_administrator(void)
{
    struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct sets[_LINUX_CAPABILITY_U32S_3] = {0};

    return syscall(SYS_capget, &head, sets) == 0 && (sets[0].effective & 1u << CAP_NET_ADMIN);
}

/* Reads the MTU and brings the device up; through any socket, as ioctls on interfaces do.  With
 * @is_check it stays down. */
static enum leat_err configure(const char *device, bool is_check, uint16_t *mtu,
                               char why[LEAT_WHY_BYTES])
{
    struct ifreq request = {0};
    enum leat_err err = LEAT_ERR_DEVICE;
    int control = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

    memcpy(request.ifr_name, device, strlen(device));
    if (control < 0 || ioctl(control, SIOCGIFMTU, &request) < 0) {
        snprintf(why, LEAT_WHY_BYTES, "can't read the MTU of %s: %s", device, strerror(errno));
        goto out;
    }
    *mtu = (uint16_t)(request.ifr_mtu < UINT16_MAX ? request.ifr_mtu : UINT16_MAX);
    if (ioctl(control, SIOCGIFFLAGS, &request) < 0) {
        snprintf(why, LEAT_WHY_BYTES, "can't read the state of %s: %s", device, strerror(errno));
        goto out;
    }
    /* Only a device that is down needs the privilege to be brought up. */
    if (!(request.ifr_flags & IFF_UP)) {
        request.ifr_flags = (short)(request.ifr_flags | IFF_UP);
        if (is_check ? !is_administrator() : ioctl(control, SIOCSIFFLAGS, &request) < 0) {
            snprintf(why, LEAT_WHY_BYTES,
                     "TAP device %s is down: bring it up with: ip link set %s up", device, device);
            goto out;
        }
    }
    err = LEAT_OK;
out:
    if (control >= 0)
        close(control);
    return err;
}

/* The kernel's default is less than a thousand connections send at once. */
static enum leat_err set_backlog(const char *device, uint16_t frames, char why[LEAT_WHY_BYTES])
{
    struct ifreq request = {.ifr_qlen = frames ? frames : LEAT_TAP_BACKLOG_FRAMES};
    const int control = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    enum leat_err err = LEAT_OK;

    memcpy(request.ifr_name, device, strlen(device));
    if (control < 0 || ioctl(control, SIOCSIFTXQLEN, &request) < 0) {
        snprintf(why, LEAT_WHY_BYTES, "can't set the queue of %s to %d frames: %s", device,
                 request.ifr_qlen, strerror(errno));
        err = LEAT_ERR_DEVICE;
    }
    if (control >= 0)
        close(control);
    return err;
}

/* Opens /dev/net/tun; checks that the kernel has devices of several @queues, if there are some. */
static enum leat_err open_node(uint16_t queues, int *fd, char why[LEAT_WHY_BYTES])
{
    unsigned int features = 0;

    *fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
    if (*fd < 0)
        return explain_node(errno, why);
    if (queues == 0 || (ioctl(*fd, TUNGETFEATURES, &features) == 0 && (features & IFF_MULTI_QUEUE)))
        return LEAT_OK;
    snprintf(why, LEAT_WHY_BYTES, "this kernel's TAP devices have one queue only");
    close(*fd);
    return LEAT_ERR_DEVICE;
}

const char *leat_tap_device_name(const struct leat_tap_config *config)
{
    return config->device ? config->device : "leat0";
}

/* Looks for the device, and opens /dev/net/tun; @missing: the device is to be made. */
static enum leat_err find(const struct leat_tap_config *config, int *fd, bool *missing,
                          char why[LEAT_WHY_BYTES])
{
    const char *device = leat_tap_device_name(config);
    const size_t len = strlen(device);
    enum leat_err err;

    /* With '%' the kernel would make up a number, and the device would have another name than we
     * use later. */
    if (len == 0 || len >= IFNAMSIZ || strpbrk(device, "/ %:")) {
        snprintf(why, LEAT_WHY_BYTES,
                 "\"%.32s\" can't be the name of a TAP device: 1 to %d "
                 "letters and digits",
                 device, IFNAMSIZ - 1);
        return LEAT_ERR_ARGUMENT;
    }
    err = check_queues(config, device, why);
    if (err)
        return err;
    /* TUNSETIFF makes a missing device, if it may. A typing error would then give a device without
     * a bridge or an address, on which nothing ever answers. */
    *missing = if_nametoindex(device) == 0;
    if (*missing && !config->create)
        return explain_missing(device, config->tun, why);
    return open_node(config->queues, fd, why);
}

enum leat_err leat_tap_device_open(const struct leat_tap_config *config, int *fd, uint16_t *mtu,
                                   char why[LEAT_WHY_BYTES])
{
    const char *device = leat_tap_device_name(config);
    /* IFF_NO_PI: without it each frame has four more bytes in front, the flags and the protocol. */
    const int flags =
        (config->no_offload ? 0 : IFF_VNET_HDR) | (config->queues ? IFF_MULTI_QUEUE : 0);
    struct ifreq request = {.ifr_flags =
                                (short)((config->tun ? IFF_TUN : IFF_TAP) | IFF_NO_PI | flags)};
    enum leat_err err;
    bool missing;
    int opened;

    err = find(config, &opened, &missing, why);
    if (err)
        return err;
    memcpy(request.ifr_name, device, strlen(device));
    if (ioctl(opened, TUNSETIFF, &request) < 0)
        err = explain_attach(device, config->tun, errno, why);
    else
        err = configure(device, false, mtu, why);
    /* The queue of a device that was there is its administrator's. */
    if (!err && missing)
        err = set_backlog(device, config->backlog_frames, why);
    if (err)
        close(opened);
    else
        *fd = opened;
    return err;
}

static bool is_member(gid_t group)
{
    const int count = getgroups(0, NULL);
    gid_t *groups = count > 0 ? malloc((size_t)count * sizeof *groups) : NULL;
    const int got = groups ? getgroups(count, groups) : 0;
    bool is_in = group == getegid();

    for (int i = 0; i < got; i++)
        is_in |= groups[i] == group;
    free(groups);
    return is_in;
}

/* The rule by which the kernel lets a process have an existing device. */
static bool may_open(const struct tap_facts *facts)
{
    return ((!facts->has_owner || facts->owner == geteuid()) &&
            (!facts->has_group || is_member(facts->group))) ||
           is_administrator();
}

enum leat_err leat_tap_device_check(const struct leat_tap_config *config, uint16_t *mtu,
                                    char why[LEAT_WHY_BYTES])
{
    const char *device = leat_tap_device_name(config);
    struct tap_facts facts;
    enum leat_err err;
    bool missing;
    int fd;

    err = find(config, &fd, &missing, why);
    if (err)
        return err;
    close(fd);
    *mtu = MTU_MADE;
    if (missing)
        return is_administrator() ? LEAT_OK : explain_attach(device, config->tun, EPERM, why);
    if (leat_tap_facts(device, &facts)) {
        if ((config->tun ? !facts.tun : !facts.tap) || facts.multi_queue != (config->queues > 0))
            return explain_attach(device, config->tun, EINVAL, why);
        if (!may_open(&facts))
            return explain_attach(device, config->tun, EPERM, why);
    }
    return configure(device, true, mtu, why);
}
