/* SPDX-License-Identifier: ISC */
#pragma once

/*
 * Whose turn it is. Calls of ordinary users are taken from the bus at once, then wait for their
 * user's turn, one call each in turn, so that somebody who calls ten thousand times delays the
 * others by one call. Root does not wait. Of each user at most TURNS_IN_FLIGHT calls are being
 * worked on and TURNS_TRANSFERS of them bring an image; TURNS_WAITING more wait, and what goes
 * beyond is refused at once with TooManyRequests. So is, with InvalidArgument, what is too long to
 * be kept.
 *
 * The bus lets the daemon itself wait for 128 answers (max_replies_per_connection, dbus-daemon(1)),
 * and polkit may answer late. So when all users together have TURNS_CROWDED calls in flight each
 * gets on with one, and at TURNS_ALL nobody does: the rest is for what PID 1 is asked.
 */

#include <stdbool.h>
#include <sys/types.h>
#include <systemd/sd-bus.h>
#include <systemd/sd-event.h>

#include "bus/caller.h"

#define TURNS_IN_FLIGHT 8
#define TURNS_CROWDED   48
#define TURNS_ALL       96
#define TURNS_TRANSFERS 2
#define TURNS_WAITING   64
#define TURNS_READERS   16 /* consoles and images being read at the same time */

typedef struct Turns Turns;
typedef struct TurnUser TurnUser;

typedef enum TurnKind {
        TURN_CALL,     /* being worked on */
        TURN_TRANSFER, /* brings an image */
        TURN_READER,   /* reads a console or an image, long after its call was answered */
        TURN_N_KINDS,
} TurnKind;

/* Is this call one that brings an image? */
typedef bool (*TurnIsTransfer)(void *userdata, sd_bus_message *message);

int turns_new(Turns **ret, sd_event *event, TurnIsTransfer is_transfer, void *userdata);
Turns *turns_free(Turns *turns);

/* From now on the calls that come over @bus, a connection to a message bus, take turns. */
int turns_attach(Turns *turns, sd_bus *bus, sd_bus_slot **ret_filter, sd_bus_slot **ret_gone);

/* @bus is gone, and all that came over it. */
void turns_detach(Turns *turns, sd_bus *bus);

/* Among whose calls @message, which has had its turn, is counted. NULL: nobody's, neither counted
 * nor refused. That is root, but also who is gone already, so it says nothing about rights. */
TurnUser *turns_user(Turns *turns, sd_bus_message *message);

/* Who has sent @message; NULL when he is gone meanwhile, or had no turn to take. */
const Caller *turns_caller(Turns *turns, sd_bus_message *message);

/* Is it known that root has sent @message? Not when the sender is gone meanwhile. */
bool turns_is_root(Turns *turns, sd_bus_message *message);

/* Has the user as many of that kind as are allowed? More than that, since something was one of them
 * only when its turn came? */
bool turns_is_full(const TurnUser *user, TurnKind kind);
bool turns_is_over(const TurnUser *user, TurnKind kind);

/* Counts one more, and one less. A call that had its turn is counted even beyond what is allowed:
 * whether it brings an image was judged when it came. All of these take NULL: nobody. */
void turns_enter(TurnUser *user, TurnKind kind);
void turns_leave(TurnUser *user, TurnKind kind);
