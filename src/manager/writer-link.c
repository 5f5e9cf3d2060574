/* SPDX-License-Identifier: ISC */

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/cleanup.h"
#include "base/list.h"
#include "manager/channel.h"
#include "manager/helper.h"
#include "manager/writer-link.h"
#include "systemd/log.h"

typedef struct PendingOrder {
        ListLink link;
        uint64_t serial;
        WriterDone done;
        void *userdata;
        bool timed_out;
        bool again; /* it was sent to a second writer, after the first had died */
        size_t size;
        char message[];
} PendingOrder;

struct WriterLink {
        sd_event *event;
        WriterSpec spec;
        sd_event_source *patience_timer;
        Channel *channel;
        Helper *helper;
        uint64_t serial;
        ListLink pending;
        bool is_late; /* that it answers nothing was told */
};

static void pending_settle(PendingOrder *order, const WriterAnswer *answer) {
        WriterDone done = order->done;
        void *userdata = order->userdata;

        list_remove(&order->link);
        free(order);
        if (done)
                done(userdata, answer);
}

/* Its descriptor may have got lost on the way, for lack of room. */
static int check_answer(const PendingOrder *order, const WriterReply *reply, size_t n_fds) {
        WriterRequest request;

        memcpy(&request, order->message, sizeof(request));
        if (reply->error == 0 && n_fds == 0 &&
            (request.verb == WRITER_TEMPORARY || request.verb == WRITER_PUBLISH ||
             request.verb == WRITER_TEMPORARY_BLOCK))
                return -EMFILE;
        return reply->error;
}

static const char *program_name(const WriterLink *link) {
        return strrchr(link->spec.program, '/') + 1;
}

/* Anew with each answer. */
static int begin_patience(WriterLink *link) {
        int r;

        if (list_is_empty(&link->pending))
                return sd_event_source_set_enabled(link->patience_timer, SD_EVENT_OFF);
        r = sd_event_source_set_time_relative(link->patience_timer, link->spec.patience_usec);
        if (r < 0)
                return r;
        return sd_event_source_set_enabled(link->patience_timer, SD_EVENT_ONESHOT);
}

static void on_received(void *userdata, const void *data, size_t size, int *fds, size_t n_fds) {
        WriterLink *link = userdata;
        PendingOrder *order;
        WriterReply reply;

        order = LIST_ENTRY(link->pending.next, PendingOrder, link);
        if (size >= sizeof(reply))
                memcpy(&reply, data, sizeof(reply));
        /* It answers in order. One that does not is broken, and whatever it says from here on would
         * be taken for something else: it is replaced like one that died. */
        if (size < sizeof(reply) || list_is_empty(&link->pending) ||
            reply.version != WRITER_WIRE_VERSION || reply.serial != order->serial) {
                log_print(LOG_ERR, "albatross-writer gives answers that make no sense: "
                                   "another one is started");
                channel_break(link->channel);
                return;
        }

        pending_settle(order, &(const WriterAnswer){
                                      .error = check_answer(order, &reply, n_fds),
                                      .fds = fds,
                                      .n_fds = n_fds,
                                      .data = (const char *) data + sizeof(reply),
                                      .size = size - sizeof(reply),
                              });
        if (link->is_late)
                log_print(LOG_NOTICE, "%s answers again", program_name(link));
        link->is_late = false;
        (void) begin_patience(link);
}

/* The first one is what it is at; the others are sent to another one. A writer that waits for a
 * disk could not even be killed, and another one would only wait for the same. */
static int on_impatient(sd_event_source *source, uint64_t usec, void *userdata) {
        WriterLink *link = userdata;

        if (list_is_empty(&link->pending) || !link->channel)
                return 0;
        if (!link->spec.is_replaced) {
                link->is_late = true;
                log_print(LOG_WARNING,
                          "%s has not answered for %" PRIu64 " s: whatever is to be on disk before "
                          "it is answered waits for it",
                          program_name(link), link->spec.patience_usec / UINT64_C(1000000));
                return 0;
        }
        log_print(LOG_ERR, "%s does not answer: another one is started", program_name(link));
        LIST_ENTRY(link->pending.next, PendingOrder, link)->timed_out = true;
        channel_break(link->channel);
        return 0;
}

static int writer_start(WriterLink *link);

/* All that can be ordered has the same result when it is done twice. But one that had two writers
 * die may be what they die of. */
static int send_again(WriterLink *link, PendingOrder *order) {
        int r;

        if (order->timed_out)
                return -ETIMEDOUT;
        if (order->again)
                return -EPIPE;
        order->again = true;
        if (!link->channel) {
                r = writer_start(link);
                if (r < 0)
                        return r;
        }
        return channel_send(link->channel, order->message, order->size, NULL, 0);
}

static void on_closed(void *userdata, int error) {
        WriterLink *link = userdata;
        ListLink orphans;

        link->channel = channel_free(link->channel);
        /* It may not have died: there must not be two of them at work. */
        helper_kill(link->helper);
        link->helper = helper_free(link->helper);

        /* The handlers may give new orders, to a new writer: those are none of these. */
        list_init(&orphans);
        LIST_FOREACH(entry, &link->pending) {
                if (send_again(link, LIST_ENTRY(entry, PendingOrder, link)) >= 0)
                        continue;
                list_remove(entry);
                list_append(&orphans, entry);
        }
        (void) begin_patience(link);
        LIST_FOREACH(entry, &orphans) {
                PendingOrder *order = LIST_ENTRY(entry, PendingOrder, link);

                pending_settle(order, &(const WriterAnswer){
                                              .error = order->timed_out ? -ETIMEDOUT : -EPIPE,
                                      });
        }
}

static int writer_start(WriterLink *link) {
        const ChannelHandlers handlers = {on_received, on_closed, link};
        _cleanup_(fd_closep) int ours = -1, theirs = -1;
        int pair[2];
        int r;

        if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
                return -errno;
        ours = pair[0];
        theirs = pair[1];

        r = helper_start(
                &link->helper, link->event,
                &(const HelperSpec){
                        .program = link->spec.program,
                        .fds = {-1, -1, 2, theirs, link->spec.state_fd, link->spec.block_fd},
                        .n_fds = 6,
                });
        if (r < 0)
                return r;
        r = channel_new(&link->channel, link->event, ours, sizeof(WriterReply) + WRITER_DATA_MAX,
                        &handlers);
        if (r < 0) {
                link->helper = helper_free(link->helper);
                return r;
        }
        TAKE_FD(ours);
        return 0;
}

int writer_order(WriterLink *link, const WriterOrder *order, WriterDone done, void *userdata) {
        _cleanup_(freep) PendingOrder *pending = NULL;
        WriterRequest request = {
                .version = WRITER_WIRE_VERSION,
                .verb = order->verb,
                .serial = ++link->serial,
                .folder = order->folder,
                .size = (uint32_t) order->size,
        };
        int r;

        if (order->size > WRITER_DATA_MAX)
                return -E2BIG;
        if (!link->channel) {
                r = writer_start(link);
                if (r < 0)
                        return r;
        }

        pending = calloc(1, sizeof(*pending) + sizeof(request) + order->size);
        if (!pending)
                return -ENOMEM;
        pending->serial = request.serial;
        pending->done = done;
        pending->userdata = userdata;

        if (order->name)
                strncpy(request.name, order->name, WRITER_NAME_MAX);
        if (order->target)
                strncpy(request.target, order->target, WRITER_NAME_MAX);
        pending->size = sizeof(request) + order->size;
        memcpy(pending->message, &request, sizeof(request));
        if (order->size > 0)
                memcpy(pending->message + sizeof(request), order->data, order->size);

        r = channel_send(link->channel, pending->message, pending->size, NULL, 0);
        /* The next writer gets what this one, which is gone, can't take any more. */
        if (r < 0 && r != -EPIPE && r != -ECONNRESET)
                return r;
        list_append(&link->pending, &TAKE_PTR(pending)->link);
        /* Of several, the first one is what is waited for. */
        if (link->pending.next == link->pending.previous)
                (void) begin_patience(link);
        return 0;
}

WriterLink *writer_link_free(WriterLink *link) {
        if (!link)
                return NULL;

        LIST_FOREACH(entry, &link->pending) {
                list_remove(entry);
                free(LIST_ENTRY(entry, PendingOrder, link));
        }
        sd_event_source_disable_unref(link->patience_timer);
        channel_free(link->channel);
        helper_free(link->helper);
        free(link);
        return NULL;
}

DEFINE_CLEANUP(WriterLink *, writer_link_free);

int writer_link_new(WriterLink **ret, sd_event *event, const WriterSpec *spec) {
        _cleanup_(writer_link_freep) WriterLink *link = NULL;
        int r;

        link = calloc(1, sizeof(*link));
        if (!link)
                return -ENOMEM;
        link->event = event;
        link->spec = *spec;
        list_init(&link->pending);
        r = writer_start(link);
        if (r < 0)
                return r;
        r = sd_event_add_time_relative(event, &link->patience_timer, CLOCK_MONOTONIC, 0, 0,
                                       on_impatient, link);
        if (r < 0)
                return r;
        r = sd_event_source_set_enabled(link->patience_timer, SD_EVENT_OFF);
        if (r < 0)
                return r;

        *ret = TAKE_PTR(link);
        return 0;
}
