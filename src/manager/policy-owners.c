/* SPDX-License-Identifier: ISC */

/* From what an owner is called, "alice", "@staff" or a number, to who that is. */

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/number.h"
#include "manager/manager-internal.h"

typedef struct Resolution {
        const Strings *asked;
        OwnersResolved done;
        void *userdata;
} Resolution;

static const char *kind_word(const char *text) {
        return text[0] == '@' ? "group" : "user";
}

static int to_question(WriterOwner *ret, const char *text, Fault *fault) {
        const char *name = text + (text[0] == '@');
        WriterOwner question = {.kind = text[0] == '@' ? WRITER_GROUP : WRITER_USER};
        uint64_t id;

        if (!owner_name_is_valid(name))
                return fault_set(fault, FAULT_INVALID_ARGUMENT,
                                 "\"%.40s\" can't be an owner: it is USER or @GROUP, one word",
                                 text);
        /* As everywhere, a number is one; no user's name is made of digits only. */
        if (strspn(name, "0123456789") == strlen(name)) {
                if (number_parse(name, UINT32_MAX - 1, &id) < 0)
                        return fault_set(fault, FAULT_NO_SUCH_OWNER, "There is no %s %.40s",
                                         kind_word(text), name);
                question.by_id = true;
                question.id = (uint32_t) id;
        }
        strcpy(question.name, name);
        *ret = question;
        return 0;
}

static int take_answer(Owners *owners, const WriterOwner *answer, const char *asked, Fault *fault) {
        const char *name = asked + (asked[0] == '@');
        Owner owner;
        int r;

        if (answer->error == -ENOENT)
                return fault_set(fault, FAULT_NO_SUCH_OWNER, "There is no %s %.64s",
                                 kind_word(asked), name);
        if (answer->error < 0)
                return fault_set(fault, FAULT_FAILED,
                                 "Whether there is a %s %.64s can't be found out: %s",
                                 kind_word(asked), name, strerror(-answer->error));
        r = owner_init(&owner, answer->kind == WRITER_USER ? OWNER_USER : OWNER_GROUP, answer->id,
                       answer->name, fault);
        return r < 0 ? r : owners_add(owners, &owner);
}

static void on_answer(void *userdata, const WriterAnswer *answer) {
        _cleanup_(freep) Resolution *resolution = userdata;
        _cleanup_(owners_clear) Owners owners = {};
        WriterOwner answers[WRITER_OWNERS_MAX];
        const char *asked = NULL;
        int r = answer->error;
        Fault fault = {};
        size_t n = 0;

        if (r == -ETIMEDOUT) {
                r = fault_set(&fault, FAULT_TIMED_OUT,
                              "Who the owners are was not found out in time: the name service "
                              "does not answer");
                fault_hint(&fault, "See nsswitch.conf(5) for where names are looked up; nothing "
                                   "has changed");
        }
        if (r >= 0 && answer->size > 0)
                memcpy(answers, answer->data, MIN_OF(answer->size, sizeof(answers)));
        while (r >= 0 && (asked = strings_next(resolution->asked, asked))) {
                if ((n + 1) * sizeof(*answers) > answer->size)
                        r = -EBADMSG;
                else
                        r = take_answer(&owners, &answers[n++], asked, &fault);
        }
        resolution->done(resolution->userdata, MIN_OF(r, 0), &fault, &owners);
}

int owners_resolve(Manager *manager,
                   const Strings *asked,
                   OwnersResolved done,
                   void *userdata,
                   Fault *fault) {
        _cleanup_(freep) Resolution *resolution = NULL;
        WriterOwner questions[WRITER_OWNERS_MAX];
        size_t n = 0;
        int r;

        for (const char *text = NULL; (text = strings_next(asked, text));) {
                if (n == WRITER_OWNERS_MAX)
                        return fault_set(fault, FAULT_INVALID_ARGUMENT,
                                         "A policy has at most %u owners", WRITER_OWNERS_MAX);
                r = to_question(&questions[n++], text, fault);
                if (r < 0)
                        return r;
        }

        resolution = malloc(sizeof(*resolution));
        if (!resolution)
                return -ENOMEM;
        *resolution = (Resolution){.asked = asked, .done = done, .userdata = userdata};
        r = writer_order(manager->look_up,
                         &(const WriterOrder){
                                 .verb = WRITER_OWNERS,
                                 .data = questions,
                                 .size = n * sizeof(*questions),
                         },
                         on_answer, resolution);
        if (r < 0)
                return r;
        TAKE_PTR(resolution);
        return 0;
}
