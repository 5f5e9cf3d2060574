/* SPDX-License-Identifier: ISC */
#pragma once

/*
 * What albatrossd and albatross-network say to each other, over a SOCK_SEQPACKET connection to
 * /run/albatross/network (root only). Every message begins with the version and a header of fixed
 * size; where .n_names is not 0 that many names of interfaces follow. Descriptors travel beside it
 * and stay the sender's. Requests are carried out in order, and each is answered exactly once with
 * its serial. NETWORK_BRIDGES comes beside that, on its own.
 *
 * The service keeps nothing: all that there is is in the kernel. When it dies, a tap that was not
 * handed over goes with it. Since persistence is a request of its own, to which the tap's
 * descriptor is given, no tap can come to exist that nobody knows of.
 *
 * A tap is one of ours when its name is "alb" and a number, and its alias begins with
 * NETWORK_ALIAS. No other interface is ever touched.
 *
 * Errors of every verb: -EPROTO for what is no message of this version, -EINVAL for content that
 * can't be (descriptors included).
 */

#include <stdint.h>

#define NETWORK_WIRE_VERSION 1U

#define NETWORK_UNIKERNEL_MAX 200   /* domain/name.h: the longest name of a unikernel */
#define NETWORK_INTERFACE_MAX 15    /* IFNAMSIZ without its NUL */
#define NETWORK_NAMES_MAX     1024U /* in one message */
#define NETWORK_MAC_SIZE      6

#define NETWORK_PREFIX "alb"
#define NETWORK_ALIAS  "albatross:"

/* Below this are the numbers in names of taps; none is used twice in a boot. */
#define NETWORK_NUMBER_MAX UINT64_C(1000000000000)

typedef struct NetworkName {
        char text[NETWORK_INTERFACE_MAX + 1];
} NetworkName;

typedef enum NetworkVerb {
        /* A tap for .uid, alias NETWORK_ALIAS and .unikernel, as a port of .bridge, with its MTU,
         * up. Answered with its name in .tap and its one descriptor; it exists as long as that.
         * Without NETWORK_UNLOCKED only .mac comes in by it, and .mac can't move elsewhere; with
         * it the port learns. -ENODEV: there is no such bridge; -EXFULL: it has all the ports that
         * a bridge can have; -EADDRINUSE: .mac is that of the bridge, of a port of it, or somebody
         * has it already. */
        NETWORK_MAKE_TAP = 1,
        /* One descriptor, that of a tap of ours, which stays when it is closed. */
        NETWORK_PERSIST_TAP,
        /* The taps named are removed, whoever has them open. Names that are not, or not any more,
         * those of a tap of ours are passed over. */
        NETWORK_REMOVE_TAPS,
        /* Answered with the names of all taps of ours; .more says that another answer with the same
         * serial follows. */
        NETWORK_LIST_TAPS,
        /* NETWORK_BRIDGES is sent now, then the answer, and then each time that the set changes. */
        NETWORK_WATCH_BRIDGES,
} NetworkVerb;

/* .flags of NETWORK_MAKE_TAP */
#define NETWORK_ISOLATED 1U /* it can't talk to other isolated ports of the bridge */
#define NETWORK_UNLOCKED 2U

typedef struct NetworkRequest {
        uint32_t version;
        uint32_t verb;
        uint64_t serial;
        uint32_t uid;
        uint32_t flags;
        uint32_t n_names;
        uint8_t mac[NETWORK_MAC_SIZE];
        uint16_t reserved;
        NetworkName bridge;
        char unikernel[NETWORK_UNIKERNEL_MAX + 1];
} NetworkRequest;

typedef enum NetworkKind {
        NETWORK_ANSWER = 1,
        /* The names of all bridges that the host has, sorted; .more says that the rest of them is
         * in the next one. */
        NETWORK_BRIDGES,
} NetworkKind;

typedef struct NetworkReply {
        uint32_t version;
        uint32_t kind;
        uint64_t serial; /* of the request; 0 in NETWORK_BRIDGES */
        int32_t error;   /* 0 or negative errno */
        uint32_t n_names;
        uint32_t more;
        uint32_t reserved;
        NetworkName tap;
} NetworkReply;
