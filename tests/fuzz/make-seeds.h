/* SPDX-License-Identifier: ISC */
#pragma once

/* A seed is put together from pieces, then written. */

#include <stddef.h>

void seed_clear(void);
void seed_add(const void *data, size_t size);
void seed_write(const char *name);

/* make-images.c: for both readers of images. */
void make_images(void);

/* make-network.c: what the network service is asked, and what the kernel tells it. */
void make_network(void);

/* make-statistics.c: what albatross-statistics answers. */
void make_statistics(void);
