/* SPDX-License-Identifier: ISC */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "ctl/error.h"
#include "ctl/escape.h"

#define PREFIX "org.albatross.Error."

/* Errors that come from the bus itself, in words that say what to do. */
static const struct {
        const char *name;
        FaultCode code;
        const char *message, *hint;
} bus_errors[] = {
        {SD_BUS_ERROR_SERVICE_UNKNOWN, FAULT_FAILED, "albatrossd is not installed on this machine",
         "Its unit is albatrossd.service; \"systemctl status albatrossd\" tells more."},
        {"org.freedesktop.DBus.Error.Spawn.ChildExited", FAULT_FAILED,
         "albatrossd could not be started", "\"systemctl status albatrossd\" tells why."},
        {"org.freedesktop.systemd1.NoSuchUnit", FAULT_FAILED,
         "albatrossd is not installed on this machine", "Its unit is albatrossd.service."},
        {SD_BUS_ERROR_NAME_HAS_NO_OWNER, FAULT_FAILED, "albatrossd does not run",
         "Start it with: systemctl start albatrossd"},
        {SD_BUS_ERROR_NO_REPLY, FAULT_TIMED_OUT, "albatrossd went away, or took too long to answer",
         "Whether it has done what was asked, \"albatrossctl list\" tells."},
        {SD_BUS_ERROR_DISCONNECTED, FAULT_FAILED, "The connection to albatrossd ended",
         "Whether it has done what was asked, \"albatrossctl list\" tells."},
        {SD_BUS_ERROR_INTERACTIVE_AUTHORIZATION_REQUIRED, FAULT_NOT_AUTHORIZED,
         "This needs an administrator's password, and nobody may be asked for it",
         "Leave --no-ask-password out, or run it as root."},
        {SD_BUS_ERROR_ACCESS_DENIED, FAULT_NOT_AUTHORIZED, NULL,
         "Run it as root, or let an administrator delegate a path to you."},
        {SD_BUS_ERROR_LIMITS_EXCEEDED, FAULT_TOO_MANY_REQUESTS, NULL,
         "Wait until some of the requests on their way are done."},
};

static int fault_from_code(Fault *fault, FaultCode code, const char *message, const char *hint) {
        const char *newline = strchr(message, '\n');
        int r;

        r = fault_set(fault, code, "%.*s", newline ? (int) (newline - message) : FAULT_MESSAGE_MAX,
                      message);
        if (newline && newline[1])
                hint = newline + 1;
        if (hint)
                fault_hint(fault, "%s", hint);
        return r;
}

static const char *first_of(const char *a, const char *b, const char *c) {
        return a && a[0] ? a : b && b[0] ? b : c;
}

int error_from_bus(Fault *fault, const sd_bus_error *error, int r) {
        if (r == -EOPNOTSUPP && (!error || !error->name))
                return fault_set(fault, FAULT_FAILED,
                                 "This connection to albatrossd carries no file descriptors");
        if (!error || !error->name)
                return fault_set(fault, FAULT_FAILED, "Talking to albatrossd failed: %s",
                                 strerror(-r));

        if (strncmp(error->name, PREFIX, strlen(PREFIX)) == 0)
                for (FaultCode code = FAULT_NONE + 1; code < FAULT_N_CODES; code++)
                        if (strcmp(error->name + strlen(PREFIX), fault_name(code)) == 0)
                                return fault_from_code(fault, code,
                                                       first_of(error->message, NULL, error->name),
                                                       NULL);

        for (size_t i = 0; i < N_ELEMENTS(bus_errors); i++)
                if (strcmp(error->name, bus_errors[i].name) == 0)
                        return fault_from_code(
                                fault, bus_errors[i].code,
                                first_of(bus_errors[i].message, error->message, error->name),
                                bus_errors[i].hint);

        return fault_from_code(fault, FAULT_FAILED, first_of(error->message, NULL, error->name),
                               NULL);
}

/* Messages may quote what a tenant wrote. */
static void write_sentence(FILE *file, const char *text, bool stop) {
        size_t length = strlen(text);

        escape_write(file, text, length, ESCAPE_LINE);
        fputs(stop && length > 0 && !strchr(".?!", text[length - 1]) ? ".\n" : "\n", file);
}

/* In one piece, since others may write to the same file. */
static void print_sentence(const char *text, bool stop) {
        _cleanup_(freep) char *sentence = NULL;
        size_t size = 0;
        FILE *file;

        file = open_memstream(&sentence, &size);
        if (!file) {
                write_sentence(stderr, text, stop);
                return;
        }
        write_sentence(file, text, stop);
        if (fclose(file) == 0)
                fwrite(sentence, 1, size, stderr);
}

void error_print(const Fault *fault, int r) {
        /* What was printed already comes first, also where both go to one file. */
        fflush(stdout);
        if (!fault || fault->code == FAULT_NONE) {
                print_sentence(r == -ENOMEM ? "There is not enough memory" : strerror(-r), true);
                return;
        }
        print_sentence(fault->message, true);
        if (fault->hint[0])
                print_sentence(fault->hint, false);
}
