/* device.c -- opening a TAP device, and saying why it can't be opened. */
#include "device.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

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

static enum leat_err explain_attach(const char *device, int error, char why[LEAT_WHY_BYTES])
{
    if (error == EPERM || error == EACCES)
        snprintf(why, LEAT_WHY_BYTES,
                 "no permission to open TAP device %s: run as root or create it with: "
                 "ip tuntap add %s mode tap user $USER",
                 device, device);
    else if (error == EBUSY)
        snprintf(why, LEAT_WHY_BYTES,
                 "TAP device %s is in use: end the other program, or take "
                 "another device",
                 device);
    else if (error == EINVAL)
        snprintf(why, LEAT_WHY_BYTES, "%s is no TAP device: choose another name", device);
    else
        snprintf(why, LEAT_WHY_BYTES, "can't open TAP device %s: %s", device, strerror(error));
    return LEAT_ERR_DEVICE;
}

static enum leat_err explain_missing(const char *device, char why[LEAT_WHY_BYTES])
{
    snprintf(why, LEAT_WHY_BYTES,
             "no TAP device %s: create it with: ip tuntap add %s mode tap && "
             "ip addr add 10.0.0.1/24 dev %s && ip link set %s up",
             device, device, device, device);
    return LEAT_ERR_NOT_FOUND;
}

/* Reads the MTU and brings the device up; through any socket, as ioctls on interfaces do. */
static enum leat_err configure(const char *device, uint16_t *mtu, char why[LEAT_WHY_BYTES])
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
    if (!(request.ifr_flags & IFF_UP)) {
        request.ifr_flags = (short)(request.ifr_flags | IFF_UP);
        if (ioctl(control, SIOCSIFFLAGS, &request) < 0) {
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

enum leat_err leat_tap_device_open(const char *device, bool create, short flags, int *fd,
                                   uint16_t *mtu, char why[LEAT_WHY_BYTES])
{
    struct ifreq request = {0};
    size_t len = strlen(device);
    enum leat_err err;
    int opened;

    if (len == 0 || len >= IFNAMSIZ || strpbrk(device, "/ %:")) {
        snprintf(why, LEAT_WHY_BYTES,
                 "\"%.32s\" can't be the name of a TAP device: 1 to %d "
                 "letters and digits",
                 device, IFNAMSIZ - 1);
        return LEAT_ERR_ARGUMENT;
    }
    if (!create && if_nametoindex(device) == 0)
        return explain_missing(device, why);
    opened = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
    if (opened < 0)
        return explain_node(errno, why);
    memcpy(request.ifr_name, device, len);
    request.ifr_flags = (short)(IFF_TAP | IFF_NO_PI | flags);
    if (ioctl(opened, TUNSETIFF, &request) < 0) {
        err = explain_attach(device, errno, why);
        close(opened);
        return err;
    }
    err = configure(device, mtu, why);
    if (err) {
        close(opened);
        return err;
    }
    *fd = opened;
    return LEAT_OK;
}
