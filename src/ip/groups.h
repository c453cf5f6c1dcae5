/*
 * groups.h -- the groups that links listen to, and when routers are told of them: the host's part
 * of MLDv2 (RFC 3810 6) and IGMPv3 (RFC 3376 5), which is one.
 *
 * We listen to all sources of a group or to none (RFC 5790).  A change is told at once, and again
 * after random times, as often as the querier's robustness says, several groups in one report;
 * queries are answered after random times, several by one answer.  While a querier of an older
 * version is there, its version is spoken (RFC 3376 7.2, RFC 3810 8.2).
 */
#ifndef IP_GROUPS_H
#define IP_GROUPS_H

#include "stack.h"
#include "wire/group.h"

struct group {
    struct leat_ip ip;
    uint64_t answer_ns; /* when a query is answered; 0: none waits for it */
    uint16_t holders;   /* 0: it has been left */
    uint8_t link;       /* of stack->links */
    uint8_t changes;    /* reports of the change that are still to be sent; 0, as holders: free */
    bool reported_last; /* to a querier of an older version: nobody else has since */
};

/* What is to be said on one link. */
struct group_link {
    struct timer timer; /* first: a timer is its link */
    struct groups *groups;
    struct link *link;
    uint64_t change_ns;                      /* when changes are told; 0: there are none */
    uint64_t answer_all_ns;                  /* when a general query is answered; 0: none waits */
    uint64_t older_until_ns[GROUP_AGES - 1]; /* until then a querier of age 1, 2 is there */
    uint32_t interval_s;                     /* of the querier */
    uint8_t robustness;                      /* ... */
    uint8_t age;                             /* of the version that was spoken last */
};

/* How a family says it. */
struct groups_family {
    void (*report)(struct link *link, const struct group_record *records, uint32_t count);
    /* In a version of @age 1 or 2. */
    void (*report_older)(struct link *link, struct leat_ip ip, uint8_t age, bool leaves);
    bool (*is_told)(struct leat_ip ip); /* false: routers don't want to hear of it */
};

struct groups {
    const struct groups_family *family;
    struct group *all;
    uint32_t count;
    struct group_link links[LEAT_NETIFS_MAX];
};

/* @all: memory for @count groups, zeroed. */
void groups_init(struct leat *stack, struct groups *groups, const struct groups_family *family,
                 struct group *all, uint32_t count);

/* @link listens to @ip, once more; a leave takes one join back.  LEAT_ERR_FULL. */
enum leat_err groups_join(struct groups *groups, struct link *link, struct leat_ip ip);
void groups_leave(struct groups *groups, struct link *link, struct leat_ip ip);

/* True if @link listens to @ip; or to a group whose last 32 bits are @low where @mask is. */
bool groups_hear(const struct groups *groups, const struct link *link, struct leat_ip ip);
bool groups_hear_low(const struct groups *groups, const struct link *link, uint32_t low,
                     uint32_t mask);

/* A router asks.  False: for a group that we don't listen to. */
bool groups_query(struct groups *groups, struct link *link, const struct group_query *query);

/* Somebody else has reported @ip in an older version.  False: as above. */
bool groups_reported(struct groups *groups, struct link *link, struct leat_ip ip);

/* Room for a message of @len bytes in a buffer of its own; NULL: no memory, which is counted. */
struct leat_buf *groups_room(struct leat *stack, uint32_t len);

/* All of @link's groups are told as if they had just been joined. */
void groups_tell(struct groups *groups, struct link *link);

#endif
