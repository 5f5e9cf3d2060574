/* SPDX-License-Identifier: ISC */
#pragma once

/* The a{sv} at the end of a call: known keys are read, unknown ones refused by name. */

#include <systemd/sd-bus.h>

#include "domain/config.h"
#include "manager/blocks.h"
#include "manager/manager.h"
#include "manager/policies.h"

int options_read_create(sd_bus_message *message, CreateOrder *order, Fault *fault);
int options_read_set(sd_bus_message *message, SetOrder *order, Fault *fault);
int options_read_update(sd_bus_message *message, UpdateOrder *order, Fault *fault);
int options_read_stop(sd_bus_message *message, StopOrder *order, Fault *fault);
int options_read_destroy(sd_bus_message *message, DestroyOrder *order, Fault *fault);
int options_read_console(sd_bus_message *message, ConsoleOrder *order, Fault *fault);

/* Descriptors stay the message's. */
int options_read_block_create(sd_bus_message *message, BlockCreateOrder *order, Fault *fault);
int options_read_block_write(sd_bus_message *message, BlockWriteOrder *order, Fault *fault);
int options_read_block_read(sd_bus_message *message, BlockReadOrder *order, Fault *fault);
/* Each fills in what is given, besides what is there. */
int options_read_set_policy(sd_bus_message *message, PolicyOrder *order, Fault *fault);
int options_read_remove_policy(sd_bus_message *message, PolicyOrder *order, Fault *fault);

/* For calls that have no options yet. */
int options_read_none(sd_bus_message *message, Fault *fault);
