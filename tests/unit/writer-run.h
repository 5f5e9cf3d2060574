/* SPDX-License-Identifier: ISC */
#pragma once

/* Runs albatross-writer as the daemon does, on a state directory of its own in /tmp. */

#include <stddef.h>
#include <stdint.h>

#include "writer/wire.h"

extern char directory[64];
extern int directory_fd, socket_fd;

typedef struct Answer {
        WriterReply reply;
        union {
                uint32_t uids[WRITER_UIDS_MAX];
                WriterOwner owners[WRITER_OWNERS_MAX];
        };
        int fd;
} Answer;

/* For each test: a new directory with a writer, and their end. */
int set_up(void **state);
int tear_down(void **state);
#define WRITER_TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

void start_writer(void);

/* Ends it as the daemon's end does; returns its wait status. */
int end_writer(void);

/* A new request with a serial of its own; submit() returns that. */
WriterRequest request(WriterVerb verb, WriterFolder folder, const char *name);
uint64_t submit(WriterRequest it, const void *data, size_t size);

/* The next answer, which must have that serial. The caller owns its descriptor. */
Answer take_answer(uint64_t serial);

/* Both, for what is answered by nothing but an error. */
int ask(WriterRequest it, const void *data, size_t size);

/* The same for temporary files: of images/@target, and of tmp/@name with @content, closed again. */
Answer publish(const char *name, const char *target);
void make_temporary(const char *name, const char *content);

/* What is in the state directory. */
void expect_content(const char *path, const char *content);
void expect_missing(const char *path);
size_t count_files(const char *path);
