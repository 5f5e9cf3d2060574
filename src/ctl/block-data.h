/* SPDX-License-Identifier: ISC */
#pragma once

/* The content of block devices, which goes through descriptors, and how far it is. */

#include <systemd/sd-bus.h>

#include "ctl/options.h"

/* Sends @request, which has @content_fd in it, and waits for the answer, showing how far the daemon
 * has read. */
int block_send_content(sd_bus *bus,
                       sd_bus_message *request,
                       int content_fd,
                       const Options *options,
                       Fault *fault);

/* What comes out of a device, or is to come. */
typedef struct BlockContent {
        int fd; /* the pipe */
        uint64_t size;
        bool compressed; /* then fewer bytes come, or more */
} BlockContent;

/* Copies it to @to_fd, into a new file (@sparse) leaving zeros out. A pipe can't say that it broke
 * off: that is seen by the number of bytes. */
int block_copy_content(const BlockContent *content,
                       int to_fd,
                       bool sparse,
                       const Options *options,
                       Fault *fault);
