/* SPDX-License-Identifier: ISC */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "writer/wire.h"

/* The questions in @size bytes at @data, at most WRITER_OWNERS_MAX. The caller owns *@ret. */
int owner_questions_copy(const void *data, size_t size, WriterOwner **ret, uint32_t *ret_n);

/* Fills in what NSS knows of each. This may take as long as NSS takes. */
void owner_questions_answer(WriterOwner *owners, uint32_t n);
