/* SPDX-License-Identifier: ISC */

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/cleanup.h"
#include "base/list.h"
#include "base/packet.h"
#include "manager/channel.h"
#include "manager/network-link-internal.h"
#include "systemd/log.h"

/* How long it waits when there is nobody to connect to. */
#define RETRY_USEC UINT64_C(1000000)

Order *order_free(Order *order) {
        if (!order)
                return NULL;
        list_remove(&order->link);
        fd_close(order->fd);
        free(order->names);
        free(order);
        return NULL;
}

Order *order_new(NetworkVerb verb) {
        Order *order = calloc(1, sizeof(*order));

        if (!order)
                return NULL;
        order->request = (NetworkRequest){.version = NETWORK_WIRE_VERSION, .verb = verb};
        order->fd = -1;
        return order;
}

/* What it says can't be sent to a service that is gone: it is sent again when the next one is
 * there, as all that was not answered. */
static int order_send(NetworkLink *link, Order *order) {
        _cleanup_(freep) char *message = NULL;
        size_t size = order->request.n_names * sizeof(NetworkName);
        int r;

        order->request.serial = ++link->serial;
        if (!link->channel)
                return 0;
        message = malloc(sizeof(order->request) + size);
        if (!message)
                return -ENOMEM;
        memcpy(message, &order->request, sizeof(order->request));
        if (size > 0)
                memcpy(message + sizeof(order->request), order->names, size);
        r = channel_send(link->channel, message, sizeof(order->request) + size, &order->fd,
                         order->fd >= 0);
        if (r == -EPIPE || r == -ECONNRESET)
                return 0;
        order->sent = order->sent || r >= 0;
        return r;
}

/* Anew with each answer, since many orders take their time. */
static int begin_patience(NetworkLink *link) {
        int r;

        if (link->handlers.patience_usec == 0)
                return 0;
        if (!link->channel || list_is_empty(&link->orders))
                return sd_event_source_set_enabled(link->patience_timer, SD_EVENT_OFF);
        r = sd_event_source_set_time_relative(link->patience_timer, link->handlers.patience_usec);
        if (r < 0)
                return r;
        return sd_event_source_set_enabled(link->patience_timer, SD_EVENT_ONESHOT);
}

int order_give(NetworkLink *link, Order *order) {
        bool is_first = list_is_empty(&link->orders);
        int r;

        r = order_send(link, order);
        if (r < 0)
                return r;
        list_append(&link->orders, &order->link);
        if (is_first)
                (void) begin_patience(link);
        return 0;
}

/* It has not died, but whoever waits for it must not wait for ever. What it does with what it was
 * sent, should it go on, is the same as if it had died in between. */
static int on_impatient(sd_event_source *source, uint64_t usec, void *userdata) {
        NetworkLink *link = userdata;

        if (!link->channel)
                return 0;
        log_print(LOG_ERR, "albatross-network does not answer; see: systemctl status "
                           "albatross-network");
        /* Not to be asked the same again at once. */
        link->heard = false;
        channel_break(link->channel);
        return 0;
}

static void describe(const Order *order, TapAnswer *answer) {
        const char *bridge = order->request.bridge.text;
        char mac_text[MAC_TEXT_SIZE];
        Mac mac;

        switch (answer->error) {
        case 0:
                return;
        case -ENODEV:
                (void) fault_set(&answer->fault, FAULT_NO_SUCH_BRIDGE,
                                 "There is no bridge %s on this host", bridge);
                return;
        case -EXFULL:
                (void) fault_set(&answer->fault, FAULT_BRIDGE_FULL,
                                 "The bridge %s is full: it has as many ports as a bridge can have",
                                 bridge);
                return;
        case -EADDRINUSE:
                memcpy(mac.bytes, order->request.mac, sizeof(mac.bytes));
                mac_format(&mac, mac_text);
                (void) fault_set(&answer->fault, FAULT_MAC_IN_USE,
                                 "The MAC %s is in use on the bridge %s", mac_text, bridge);
                return;
        case -EPIPE:
                (void) fault_set(&answer->fault, FAULT_FAILED,
                                 "The network service ended before it made a tap on %s", bridge);
                fault_hint(&answer->fault, "See: systemctl status albatross-network");
                return;
        default:
                (void) fault_set(&answer->fault, FAULT_FAILED,
                                 "A tap on the bridge %s can't be made: %s", bridge,
                                 strerror(-answer->error));
        }
}

/* Tells whoever has ordered a tap, who may give further orders meanwhile. */
static void order_settle(Order *order, int error, int *fd) {
        TapAnswer answer = {.error = error, .fd = -1};

        list_remove(&order->link);
        if (order->made) {
                describe(order, &answer);
                if (error == 0) {
                        memcpy(answer.name, order->tap.text, sizeof(answer.name));
                        answer.fd = fd ? TAKE_FD(*fd) : -1;
                }
                order->made(order->userdata, &answer);
                fd_close(answer.fd);
        }
        order_free(order);
}

/* Nobody gets its tap. One that was to be made persistent may be so by now: its answer is lost. */
static void order_fail(NetworkLink *link, Order *order, int error) {
        const char *const names[] = {order->tap.text};

        if (order->request.verb == NETWORK_PERSIST_TAP &&
            network_remove_taps(link, names, 1, NULL, NULL) < 0)
                log_print(LOG_ERR, "No memory to have %s removed: the next start does that",
                          names[0]);
        order_settle(order, error, NULL);
}

/* A tap was made, or made persistent. */
static void on_tap(NetworkLink *link, Order *order, const NetworkReply *reply, int *fd) {
        int r = reply->error;

        if (r == 0 && order->request.verb == NETWORK_MAKE_TAP) {
                order->tap = reply->tap;
                order->tap.text[NETWORK_INTERFACE_MAX] = '\0';
                if (*fd < 0)
                        r = -EBADMSG;
        }
        if (r < 0) {
                order_fail(link, order, r);
                return;
        }
        if (order->request.verb == NETWORK_PERSIST_TAP || !order->persistent) {
                order_settle(order, 0, fd);
                return;
        }

        order->fd = TAKE_FD(*fd);
        order->request.verb = NETWORK_PERSIST_TAP;
        order->sent = order->again = false;
        list_remove(&order->link);
        r = order_give(link, order);
        if (r < 0)
                order_fail(link, order, r);
}

static void on_answer(NetworkLink *link, const NetworkReply *reply, const char *names, int *fd) {
        Order *order;

        if (list_is_empty(&link->orders))
                return;
        order = LIST_ENTRY(link->orders.next, Order, link);
        if (order->request.serial != reply->serial)
                return;
        switch ((NetworkVerb) order->request.verb) {
        case NETWORK_MAKE_TAP:
        case NETWORK_PERSIST_TAP:
                on_tap(link, order, reply, fd);
                break;
        case NETWORK_REMOVE_TAPS:
                order_removed(link, order, reply->error);
                break;
        case NETWORK_LIST_TAPS:
                order_listed(link, order, reply, names);
                break;
        case NETWORK_WATCH_BRIDGES:
                if (reply->error < 0)
                        log_print(LOG_ERR, "The host's bridges can't be watched: %s",
                                  strerror(-reply->error));
                order_free(order);
                break;
        }
}

static void on_bridges(NetworkLink *link, const NetworkReply *reply, const char *names) {
        bool changed;

        for (uint32_t i = 0; i < reply->n_names; i++) {
                NetworkName name;

                memcpy(&name, names + i * sizeof(name), sizeof(name));
                name.text[NETWORK_INTERFACE_MAX] = '\0';
                /* One with a name that nobody can write is none for us. */
                if (bridges_add(&link->incoming, name.text, NULL) == -ENOMEM)
                        log_print(LOG_ERR, "No memory for the bridge %s", name.text);
        }
        if (reply->more)
                return;

        changed = !link->bridges_known || !bridges_equal(&link->bridges, &link->incoming);
        bridges_clear(&link->bridges);
        link->bridges = link->incoming;
        link->incoming = (Bridges){};
        link->bridges_known = true;
        if (changed && link->handlers.bridges_changed)
                link->handlers.bridges_changed(link->handlers.userdata);
}

static void on_received(void *userdata, const void *data, size_t size, int *fds, size_t n_fds) {
        NetworkLink *link = userdata;
        const char *names = (const char *) data + sizeof(NetworkReply);
        NetworkReply reply;
        int none = -1;

        if (size < sizeof(reply))
                return;
        link->heard = true;
        memcpy(&reply, data, sizeof(reply));
        if (reply.version != NETWORK_WIRE_VERSION || reply.n_names > NETWORK_NAMES_MAX ||
            size != sizeof(reply) + reply.n_names * sizeof(NetworkName))
                return;
        if (reply.kind == NETWORK_BRIDGES)
                on_bridges(link, &reply, names);
        else if (reply.kind == NETWORK_ANSWER) {
                on_answer(link, &reply, names, n_fds > 0 ? fds : &none);
                (void) begin_patience(link);
        }
}

static int connect_now(NetworkLink *link);

static int retry_later(NetworkLink *link) {
        int r;

        r = sd_event_source_set_time_relative(link->retry_timer, RETRY_USEC);
        if (r < 0)
                return r;
        return sd_event_source_set_enabled(link->retry_timer, SD_EVENT_ONESHOT);
}

static int on_retry(sd_event_source *source, uint64_t usec, void *userdata) {
        NetworkLink *link = userdata;

        return connect_now(link) < 0 ? retry_later(link) : 0;
}

/* Whoever waits for a tap is told when the second service died, since that may be what they die of,
 * or when there is none. Removals and sweeps are owed until they are done. */
static void take_lost(NetworkLink *link, bool all, ListLink *lost) {
        LIST_FOREACH(entry, &link->orders) {
                Order *order = LIST_ENTRY(entry, Order, link);

                if (!order->made || !(all || order->again))
                        continue;
                list_remove(entry);
                list_append(lost, entry);
        }
}

static void settle_lost(NetworkLink *link, ListLink *lost) {
        while (!list_is_empty(lost))
                order_fail(link, LIST_ENTRY(lost->next, Order, link), -EPIPE);
}

static int send_again(NetworkLink *link) {
        int r;

        LIST_FOREACH(entry, &link->orders) {
                Order *order = LIST_ENTRY(entry, Order, link);

                /* What came too late for the one that died is not what that died of. */
                order->again = order->sent;
                r = order_send(link, order);
                if (r < 0)
                        return r;
        }
        return 0;
}

static int watch_bridges(NetworkLink *link) {
        _cleanup_(order_freep) Order *order = NULL;
        int r;

        order = order_new(NETWORK_WATCH_BRIDGES);
        if (!order)
                return -ENOMEM;
        r = order_give(link, order);
        if (r < 0)
                return r;
        TAKE_PTR(order);
        return 0;
}

static void on_closed(void *userdata, int error) {
        NetworkLink *link = userdata;
        bool heard = link->heard;
        ListLink lost;

        link->channel = channel_free(link->channel);
        bridges_clear(&link->incoming);
        LIST_FOREACH(entry, &link->orders) {
                Order *order = LIST_ENTRY(entry, Order, link);

                if (order->request.verb == NETWORK_WATCH_BRIDGES)
                        order_free(order);
        }

        /* One that took the connection and did nothing else would do so again, at once. */
        list_init(&lost);
        take_lost(link, false, &lost);
        if (!heard || connect_now(link) < 0) {
                take_lost(link, true, &lost);
                (void) retry_later(link);
        }
        /* The handlers may give new orders: those come behind what was sent again. */
        settle_lost(link, &lost);
        (void) begin_patience(link);
}

static int connect_now(NetworkLink *link) {
        const ChannelHandlers handlers = {on_received, on_closed, link};
        _cleanup_(fd_closep) int fd = -1;
        int r;

        if (link->channel)
                return 0;
        fd = packet_connect(NETWORK_SOCKET);
        if (fd < 0)
                return fd;
        r = channel_new(&link->channel, link->event, fd,
                        sizeof(NetworkReply) + NETWORK_NAMES_MAX * sizeof(NetworkName), &handlers);
        if (r < 0)
                return r;
        TAKE_FD(fd);
        link->heard = false;

        r = send_again(link);
        if (r == 0)
                r = watch_bridges(link);
        if (r < 0)
                link->channel = channel_free(link->channel);
        (void) begin_patience(link);
        return r;
}

int network_make_tap(NetworkLink *link, const TapOrder *tap, TapMade made, void *userdata) {
        _cleanup_(order_freep) Order *order = NULL;
        int r;

        if (strlen(tap->unikernel) > NETWORK_UNIKERNEL_MAX ||
            strlen(tap->bridge) > NETWORK_INTERFACE_MAX)
                return -EINVAL;
        r = connect_now(link);
        if (r < 0)
                return r;

        order = order_new(NETWORK_MAKE_TAP);
        if (!order)
                return -ENOMEM;
        order->made = made;
        order->userdata = userdata;
        order->persistent = tap->persistent;
        order->request.uid = tap->uid;
        order->request.flags =
                (tap->isolated ? NETWORK_ISOLATED : 0) | (tap->unlocked ? NETWORK_UNLOCKED : 0);
        memcpy(order->request.mac, tap->mac.bytes, sizeof(order->request.mac));
        strcpy(order->request.bridge.text, tap->bridge);
        strcpy(order->request.unikernel, tap->unikernel);

        r = order_give(link, order);
        if (r < 0)
                return r;
        TAKE_PTR(order);
        return 0;
}

const Bridges *network_bridges(const NetworkLink *link) {
        return &link->bridges;
}

NetworkLink *network_link_free(NetworkLink *link) {
        if (!link)
                return NULL;

        LIST_FOREACH(entry, &link->orders)
        order_free(LIST_ENTRY(entry, Order, link));
        channel_free(link->channel);
        sd_event_source_disable_unref(link->retry_timer);
        sd_event_source_disable_unref(link->patience_timer);
        bridges_clear(&link->bridges);
        bridges_clear(&link->incoming);
        names_clear(&link->keep);
        names_clear(&link->doomed);
        removals_free(link);
        free(link);
        return NULL;
}

DEFINE_CLEANUP(NetworkLink *, network_link_free);

int network_link_new(NetworkLink **ret, sd_event *event, const NetworkHandlers *handlers) {
        _cleanup_(network_link_freep) NetworkLink *link = NULL;
        int r;

        link = calloc(1, sizeof(*link));
        if (!link)
                return -ENOMEM;
        link->event = event;
        link->handlers = *handlers;
        list_init(&link->orders);
        list_init(&link->removals);
        r = sd_event_add_time_relative(event, &link->retry_timer, CLOCK_MONOTONIC, RETRY_USEC, 0,
                                       on_retry, link);
        if (r < 0)
                return r;
        r = sd_event_add_time_relative(event, &link->patience_timer, CLOCK_MONOTONIC, RETRY_USEC, 0,
                                       on_impatient, link);
        if (r >= 0)
                r = sd_event_source_set_enabled(link->patience_timer, SD_EVENT_OFF);
        if (r < 0)
                return r;
        if (connect_now(link) >= 0)
                r = sd_event_source_set_enabled(link->retry_timer, SD_EVENT_OFF);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(link);
        return 0;
}
