/*
 * groups.h -- multicast groups that links listen to, and the timing of reports to routers: the host
 * part of MLDv2 (RFC 3810 6) and IGMPv3 (RFC 3376 5), which is the same.
 *
 * A group is received from all sources or not at all (RFC 5790).  A change is reported at once, and
 * again after random times, as often as the querier's robustness says; one report covers several
 * groups. Queries are answered after random times; one answer may serve several.  While a querier
 * of an older version is present, messages have its version (RFC 3376 7.2, RFC 3810 8.2).
 */
#ifndef IP_GROUPS_H
#define IP_GROUPS_H

#include "link/link.h"
#include "wire/group.h"

struct group {
    struct leat_ip ip;
    uint64_t answer_ns; /* time of the answer to a query; 0: none is pending */
    uint16_t holders;   /* number of joins; 0: the group was left */
    uint8_t link;       /* index in stack->links */
    uint8_t changes;    /* pending reports of the change; 0, with no holders: entry is free */
    bool reported_last; /* in an older version: no other host has reported it since */
};

/* State of one link. */
struct group_link {
    struct timer timer; /* first, so that a timer can be cast to its group_link */
    struct groups *groups;
    struct link *link;
    uint64_t change_ns;     /* time of the report of changes; 0: none is pending */
    uint64_t answer_all_ns; /* time of the answer to a general query; 0: none is pending */
    uint64_t older_until_ns[GROUP_AGES - 1]; /* end of the presence of queriers of age 1, 2 */
    uint32_t interval_s;                     /* the querier's */
    uint8_t robustness;                      /* the querier's */
    uint8_t age;                             /* of the version in use */
};

/* The message formats of a family. */
struct groups_family {
    void (*report)(struct link *link, const struct group_record *records, uint32_t count);
    /* In the version of @age 1 or 2. */
    void (*report_older)(struct link *link, struct leat_ip ip, uint8_t age, bool leaves);
    bool (*is_told)(struct leat_ip ip); /* false: the group is never reported */
};

struct groups {
    const struct groups_family *family;
    struct group *all;
    uint32_t count;
    struct group_link links[LEAT_NETIFS_MAX];
};

/* @all: zeroed memory for @count groups. */
void groups_init(struct leat *stack, struct groups *groups, const struct groups_family *family,
                 struct group *all, uint32_t count);

/* Joins @ip on @link; each leave undoes one join.  LEAT_ERR_FULL. */
enum leat_err groups_join(struct groups *groups, struct link *link, struct leat_ip ip);
void groups_leave(struct groups *groups, struct link *link, struct leat_ip ip);

/* True if @link listens to @ip; or to a group whose last 32 bits equal @low under @mask. */
bool groups_hear(const struct groups *groups, const struct link *link, struct leat_ip ip);
bool groups_hear_low(const struct groups *groups, const struct link *link, uint32_t low,
                     uint32_t mask);

/* Processes a router's query.  False: it is for a group that we don't listen to. */
bool groups_query(struct groups *groups, struct link *link, const struct group_query *query);

/* Processes another host's report of @ip in an older version.  False: as above. */
bool groups_reported(struct groups *groups, struct link *link, struct leat_ip ip);

/* A buffer with space for a message of @len bytes; NULL: no memory, which is counted. */
struct leat_buf *groups_room(struct leat *stack, uint32_t len);

/* Reports all groups of @link as if they had just been joined. */
void groups_tell(struct groups *groups, struct link *link);

#endif
