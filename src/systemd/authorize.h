/* SPDX-License-Identifier: ISC */
#pragma once

/*
 * polkit: may the sender of a message do this? Asked asynchronously, since an administrator may
 * have to type a password; fails closed.
 */

#include <stdbool.h>
#include <systemd/sd-bus.h>

typedef struct AuthorizeRequest {
        const char *action; /* org.albatross.X */
        /* Details for the rules; NULL is left out. */
        const char *verb, *name, *path;
        const char *owners;  /* of what is above, as owners_format() has them */
        const char *others;  /* those of them that the sender is not, whatever he is called */
        const char *message; /* what he is asked instead of the action's own text */
} AuthorizeRequest;

/* @error: 0 allowed; -EACCES refused; another negative errno: polkit could not be asked. */
typedef void (*Authorized)(void *userdata, int error);

/* Asks over @bus, the system bus, about the sender of @message (a call that came over it). */
int authorize(sd_bus_slot **ret,
              sd_bus_message *message,
              const AuthorizeRequest *request,
              Authorized handler,
              void *userdata);
