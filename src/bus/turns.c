/* SPDX-License-Identifier: ISC */

#include <errno.h>
#include <search.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/list.h"
#include "bus/length.h"
#include "bus/turns.h"

/* Reading from the bus comes first, so that one call of each user can be seen before any of them
 * is worked on; but a flood must not put off the work for ever. */
#define WORK_PRIORITY  (SD_EVENT_PRIORITY_NORMAL + 10)
#define READS_PER_WORK 64U

typedef struct Waiting {
        ListLink link;
        sd_bus_message *message;
        bool is_transfer;
} Waiting;

struct TurnUser {
        ListLink ring; /* of those with waiting calls */
        Turns *turns;
        uid_t uid;
        unsigned n_senders, n_waiting;
        unsigned n_entered[TURN_N_KINDS];
        ListLink waiting;
};

/* A connection to the bus: whose it is, is asked once. */
typedef struct Sender {
        Turns *turns;
        sd_bus *bus;
        char *name;
        Caller caller;
        TurnUser *user; /* NULL: not known yet, or root */
        bool is_root;
        sd_bus_slot *lookup_slot;
        ListLink unknown; /* calls that wait for the answer */
        unsigned n_unknown;
} Sender;

struct Turns {
        TurnIsTransfer is_transfer;
        void *userdata;
        sd_event_source *work;
        void *senders; /* tsearch(3) trees */
        void *users;
        ListLink ring;
        ListLink granted; /* given back to the bus, to be worked on */
        unsigned n_reads;
        unsigned n_calls; /* in flight, of all users */
};

static const unsigned limits[TURN_N_KINDS] = {
        [TURN_CALL] = TURNS_IN_FLIGHT,
        [TURN_TRANSFER] = TURNS_TRANSFERS,
        [TURN_READER] = TURNS_READERS,
};

static void waiting_free(Waiting *waiting) {
        list_remove(&waiting->link);
        sd_bus_message_unref(waiting->message);
        free(waiting);
}

static int enqueue(ListLink *list, sd_bus_message *message) {
        Waiting *waiting;

        waiting = calloc(1, sizeof(*waiting));
        if (!waiting)
                return -ENOMEM;
        waiting->message = sd_bus_message_ref(message);
        list_append(list, &waiting->link);
        return 0;
}

/* --- users --- */

static int compare_users(const void *a, const void *b) {
        uid_t left = ((const TurnUser *) a)->uid, right = ((const TurnUser *) b)->uid;

        return (left > right) - (left < right);
}

static TurnUser *user_find_or_add(Turns *turns, uid_t uid) {
        const TurnUser key = {.uid = uid};
        _cleanup_(freep) TurnUser *user = NULL;
        void *node;

        node = tfind(&key, &turns->users, compare_users);
        if (node)
                return *(TurnUser **) node;
        user = calloc(1, sizeof(*user));
        if (!user)
                return NULL;
        user->turns = turns;
        user->uid = uid;
        list_init(&user->waiting);
        if (!tsearch(user, &turns->users, compare_users))
                return NULL;
        return TAKE_PTR(user);
}

/* Nobody who still has something under way is forgotten. */
static void user_release(TurnUser *user) {
        if (user->n_senders > 0 || user->n_waiting > 0)
                return;
        for (TurnKind kind = 0; kind < TURN_N_KINDS; kind++)
                if (user->n_entered[kind] > 0)
                        return;
        tdelete(user, &user->turns->users, compare_users);
        free(user);
}

bool turns_is_full(const TurnUser *user, TurnKind kind) {
        return user && user->n_entered[kind] >= limits[kind];
}

bool turns_is_over(const TurnUser *user, TurnKind kind) {
        return user && user->n_entered[kind] > limits[kind];
}

static bool user_may_go_on(const TurnUser *user) {
        const Waiting *first = LIST_ENTRY(user->waiting.next, Waiting, link);
        unsigned n_all = user->turns->n_calls;

        return n_all < TURNS_ALL && (n_all < TURNS_CROWDED || user->n_entered[TURN_CALL] == 0) &&
               !turns_is_full(user, TURN_CALL) &&
               !(first->is_transfer && turns_is_full(user, TURN_TRANSFER));
}

static void wake_up(Turns *turns) {
        LIST_FOREACH(link, &turns->ring)
        if (user_may_go_on(LIST_ENTRY(link, TurnUser, ring))) {
                sd_event_source_set_enabled(turns->work, SD_EVENT_ONESHOT);
                return;
        }
}

void turns_enter(TurnUser *user, TurnKind kind) {
        if (!user)
                return;
        user->n_entered[kind]++;
        if (kind == TURN_CALL)
                user->turns->n_calls++;
}

void turns_leave(TurnUser *user, TurnKind kind) {
        if (!user)
                return;
        user->n_entered[kind]--;
        if (kind == TURN_CALL)
                user->turns->n_calls--;
        /* Another user may have waited for it. */
        wake_up(user->turns);
        user_release(user);
}

/* --- turns --- */

/* The next user's first call goes back to the bus, which hands it to its handler. */
static int work(Turns *turns) {
        LIST_FOREACH(link, &turns->ring) {
                TurnUser *user = LIST_ENTRY(link, TurnUser, ring);
                Waiting *first = LIST_ENTRY(user->waiting.next, Waiting, link);

                if (!user_may_go_on(user))
                        continue;
                list_remove(&first->link);
                list_append(&turns->granted, &first->link);
                list_remove(&user->ring);
                if (--user->n_waiting > 0)
                        list_append(&turns->ring, &user->ring);
                turns->n_reads = 0;
                wake_up(turns);
                return sd_bus_enqueue_for_read(sd_bus_message_get_bus(first->message),
                                               first->message);
        }
        return 0;
}

static int on_work(sd_event_source *source, void *userdata) {
        return work(userdata);
}

static void refuse(sd_bus_message *message) {
        sd_bus_reply_method_errorf(message, "org.albatross.Error.TooManyRequests",
                                   "%d calls of this user wait already, no more can\n"
                                   "Wait for some of them to be answered.",
                                   TURNS_WAITING);
}

static void refuse_length(sd_bus_message *message) {
        sd_bus_reply_method_errorf(message, "org.albatross.Error.InvalidArgument",
                                   "The call has more than the %u bytes allowed",
                                   MESSAGE_LENGTH_MAX);
}

static int wait_for_turn(TurnUser *user, sd_bus_message *message) {
        Turns *turns = user->turns;
        Waiting *last;
        int r;

        if (user->n_waiting >= TURNS_WAITING) {
                refuse(message);
                return 0;
        }
        r = enqueue(&user->waiting, message);
        if (r < 0)
                return r;
        last = LIST_ENTRY(user->waiting.previous, Waiting, link);
        last->is_transfer = turns->is_transfer(turns->userdata, message);
        if (user->n_waiting++ == 0)
                list_append(&turns->ring, &user->ring);
        if (++turns->n_reads >= READS_PER_WORK)
                return work(turns);
        wake_up(turns);
        return 0;
}

/* --- senders --- */

static int compare_senders(const void *a, const void *b) {
        return strcmp(((const Sender *) a)->name, ((const Sender *) b)->name);
}

static void sender_free(Sender *sender) {
        tdelete(sender, &sender->turns->senders, compare_senders);
        sd_bus_slot_unref(sender->lookup_slot);
        LIST_FOREACH(link, &sender->unknown)
        waiting_free(LIST_ENTRY(link, Waiting, link));
        if (sender->user) {
                sender->user->n_senders--;
                user_release(sender->user);
        }
        caller_clear(&sender->caller);
        free(sender->name);
        free(sender);
}

/* Nobody is there any more to take the answers, nor for polkit to look at. */
static void drop_waiting(Sender *sender) {
        TurnUser *user = sender->user;

        if (!user || user->n_waiting == 0)
                return;
        LIST_FOREACH(link, &user->waiting) {
                Waiting *waiting = LIST_ENTRY(link, Waiting, link);

                if (strcmp(sd_bus_message_get_sender(waiting->message), sender->name) != 0)
                        continue;
                waiting_free(waiting);
                user->n_waiting--;
        }
        if (user->n_waiting == 0)
                list_remove(&user->ring);
        else
                /* What is first now may have waited behind one that could not go on. */
                wake_up(sender->turns);
}

static int on_credentials(sd_bus_message *reply, void *userdata, sd_bus_error *error) {
        Sender *sender = userdata;

        sender->lookup_slot = sd_bus_slot_unref(sender->lookup_slot);
        /* It left before it could be asked about: nobody waits for an answer any more. */
        if (sd_bus_message_is_method_error(reply, NULL) ||
            caller_read(&sender->caller, reply) < 0) {
                sender_free(sender);
                return 0;
        }

        sender->is_root = sender->caller.uid == 0;
        if (!sender->is_root) {
                sender->user = user_find_or_add(sender->turns, sender->caller.uid);
                if (!sender->user) {
                        sender_free(sender);
                        return 0;
                }
                sender->user->n_senders++;
        }
        LIST_FOREACH(link, &sender->unknown) {
                Waiting *waiting = LIST_ENTRY(link, Waiting, link);

                if (sender->is_root) {
                        list_remove(&waiting->link);
                        list_append(&sender->turns->granted, &waiting->link);
                        sd_bus_enqueue_for_read(sender->bus, waiting->message);
                        continue;
                }
                (void) wait_for_turn(sender->user, waiting->message);
                waiting_free(waiting);
        }
        sender->n_unknown = 0;
        return 0;
}

static Sender *sender_new(Turns *turns, sd_bus *bus, const char *name) {
        Sender *sender;

        sender = calloc(1, sizeof(*sender));
        if (!sender)
                return NULL;
        sender->turns = turns;
        sender->bus = bus;
        list_init(&sender->unknown);
        sender->name = strdup(name);
        if (!sender->name || !tsearch(sender, &turns->senders, compare_senders)) {
                free(sender->name);
                free(sender);
                return NULL;
        }

        if (sd_bus_call_method_async(bus, &sender->lookup_slot, "org.freedesktop.DBus",
                                     "/org/freedesktop/DBus", "org.freedesktop.DBus",
                                     "GetConnectionCredentials", on_credentials, sender, "s",
                                     name) < 0) {
                sender_free(sender);
                return NULL;
        }
        return sender;
}

static Sender *sender_find(Turns *turns, const char *name) {
        Sender key = {.name = (char *) (uintptr_t) name};
        void *node = tfind(&key, &turns->senders, compare_senders);

        return node ? *(Sender **) node : NULL;
}

static bool take_granted(Turns *turns, const sd_bus_message *message) {
        LIST_FOREACH(link, &turns->granted) {
                Waiting *waiting = LIST_ENTRY(link, Waiting, link);

                if (waiting->message == message) {
                        waiting_free(waiting);
                        return true;
                }
        }
        return false;
}

static int on_message(sd_bus_message *message, void *userdata, sd_bus_error *error) {
        const char *name = sd_bus_message_get_sender(message);
        Turns *turns = userdata;
        Sender *sender;
        uint8_t type;
        int r;

        if (sd_bus_message_get_type(message, &type) < 0 || type != SD_BUS_MESSAGE_METHOD_CALL ||
            !name)
                return 0;
        if (take_granted(turns, message))
                return 0;
        if (message_is_longer(message, MESSAGE_LENGTH_MAX)) {
                refuse_length(message);
                return 1;
        }

        sender = sender_find(turns, name);
        if (!sender)
                sender = sender_new(turns, sd_bus_message_get_bus(message), name);
        if (!sender)
                return -ENOMEM;
        if (sender->is_root)
                return 0;
        if (sender->user) {
                r = wait_for_turn(sender->user, message);
                return r < 0 ? r : 1;
        }
        if (sender->n_unknown >= TURNS_WAITING) {
                refuse(message);
                return 1;
        }
        r = enqueue(&sender->unknown, message);
        if (r < 0)
                return r;
        sender->n_unknown++;
        return 1;
}

static const Sender *find_sender_of(Turns *turns, sd_bus_message *message) {
        const char *name = sd_bus_message_get_sender(message);

        return name ? sender_find(turns, name) : NULL;
}

TurnUser *turns_user(Turns *turns, sd_bus_message *message) {
        const Sender *sender = find_sender_of(turns, message);

        return sender ? sender->user : NULL;
}

const Caller *turns_caller(Turns *turns, sd_bus_message *message) {
        const Sender *sender = find_sender_of(turns, message);

        return sender ? &sender->caller : NULL;
}

bool turns_is_root(Turns *turns, sd_bus_message *message) {
        const Sender *sender = find_sender_of(turns, message);

        return sender && sender->is_root;
}

/* --- connections --- */

static int on_gone(sd_bus_message *message, void *userdata, sd_bus_error *error) {
        Turns *turns = userdata;
        const char *name;
        Sender *sender;

        if (sd_bus_message_read(message, "sss", &name, NULL, NULL) < 0)
                return 0;
        sender = sender_find(turns, name);
        if (sender) {
                drop_waiting(sender);
                sender_free(sender);
        }
        return 0;
}

/* One rule for all who leave the bus: the bus ends a connection that wants more than 512, and that
 * many clients can be had. So it wakes us for others, too, but only when somebody leaves. */
int turns_attach(Turns *turns, sd_bus *bus, sd_bus_slot **ret_filter, sd_bus_slot **ret_gone) {
        int r;

        r = sd_bus_add_filter(bus, ret_filter, on_message, turns);
        if (r < 0)
                return r;
        return sd_bus_add_match_async(
                bus, ret_gone,
                "type='signal',sender='org.freedesktop.DBus',path='/org/freedesktop/DBus',"
                "interface='org.freedesktop.DBus',member='NameOwnerChanged',arg2=''",
                on_gone, NULL, turns);
}

static void drop_list(ListLink *list) {
        LIST_FOREACH(link, list)
        waiting_free(LIST_ENTRY(link, Waiting, link));
}

void turns_detach(Turns *turns, sd_bus *bus) {
        drop_list(&turns->granted);
        LIST_FOREACH(link, &turns->ring) {
                TurnUser *user = LIST_ENTRY(link, TurnUser, ring);

                drop_list(&user->waiting);
                list_remove(&user->ring);
                user->n_waiting = 0;
        }
        /* There is one message bus, so all senders were of this connection. */
        while (turns->senders)
                sender_free(*(Sender **) turns->senders);
}

Turns *turns_free(Turns *turns) {
        if (!turns)
                return NULL;
        turns_detach(turns, NULL);
        sd_event_source_disable_unref(turns->work);
        tdestroy(turns->users, free);
        free(turns);
        return NULL;
}

int turns_new(Turns **ret, sd_event *event, TurnIsTransfer is_transfer, void *userdata) {
        Turns *turns;
        int r;

        turns = calloc(1, sizeof(*turns));
        if (!turns)
                return -ENOMEM;
        turns->is_transfer = is_transfer;
        turns->userdata = userdata;
        list_init(&turns->ring);
        list_init(&turns->granted);
        r = sd_event_add_defer(event, &turns->work, on_work, turns);
        if (r >= 0)
                r = sd_event_source_set_priority(turns->work, WORK_PRIORITY);
        if (r >= 0)
                r = sd_event_source_set_enabled(turns->work, SD_EVENT_OFF);
        if (r < 0) {
                turns_free(turns);
                return r;
        }
        *ret = turns;
        return 0;
}
