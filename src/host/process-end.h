/* SPDX-License-Identifier: ISC */
#pragma once

/*
 * How a process ended that is nobody's child here, as the kernel tells whoever holds a pidfd of it:
 * since Linux 6.15, from when its parent has collected its status, which the pidfd tells by
 * EPOLLHUP.
 */

/* 1: *@ret_wait_status is filled, as by wait(2); 0: not collected yet; negative: the kernel does
 * not tell. */
int process_end(int pidfd, int *ret_wait_status);
