/* SPDX-License-Identifier: ISC */

/* What is asked for with block devices: to make, write, read and remove one. */

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "manager/blocks-internal.h"
#include "manager/chronicle.h"

typedef struct Request {
        BlockDevice *device;
        ManagerDone done;
        void *userdata;
} Request;

static const Fault no_fault;

static int request_new(Request **ret, BlockDevice *device, ManagerDone done, void *userdata) {
        Request *request;

        request = calloc(1, sizeof(*request));
        if (!request)
                return -ENOMEM;
        *request = (Request){device, done, userdata};
        *ret = request;
        return 0;
}

static int find(BlockDevice **ret, Manager *manager, const Name *name, Fault *fault) {
        *ret = block_find(manager, name->text);
        if (*ret)
                return 0;
        return fault_set(fault, FAULT_NO_SUCH_BLOCK_DEVICE, "There is no block device %s",
                         name->text);
}

/* Is it nobody's at this moment? Whose unikernel is about to run, or was and will be again, has it,
 * too. */
static int check_idle(const BlockDevice *device, Fault *fault) {
        const Unikernel *unikernel = device->unikernel;

        if (device->state != BLOCK_IDLE)
                return block_refuse_busy(device, fault);
        if (!unikernel || unikernel->state == STATE_STOPPED || unikernel->state == STATE_FAILED)
                return 0;
        return fault_set(fault, FAULT_BLOCK_DEVICE_BUSY,
                         "The block device %s belongs to the unikernel %s, which is not stopped",
                         device->name.text, unikernel->name.text);
}

/* --- create --- */

static int order_removal(BlockDevice *device, WriterDone done, void *userdata) {
        return writer_order(device->manager->writer,
                            &(const WriterOrder){
                                    .verb = WRITER_REMOVE,
                                    .folder = WRITER_BLOCKS,
                                    .name = device->name.text,
                            },
                            done, userdata);
}

/* It is there, or never was. The answer goes out before the signal: somebody waits for it. */
static void created(void *userdata, int r, const Fault *fault) {
        _cleanup_(freep) Request *request = userdata;
        BlockDevice *device = request->device;

        if (r < 0) {
                /* How far it got is not known; and the next one of this name comes after this. */
                (void) order_removal(device, NULL, NULL);
                block_forget(device);
                request->done(request->userdata, r, fault);
                return;
        }
        device->state = BLOCK_IDLE;
        device->is_published = true;
        block_look(device);
        request->done(request->userdata, 0, &no_fault);
        block_log(device, MESSAGE_BLOCK_CREATED, "created");
        device->manager->observer.block_added(device->manager->observer.userdata, device);
}

static void on_made(void *userdata, const WriterAnswer *answer) {
        const Request *request = userdata;
        Fault fault = {};
        int r = answer->error;

        if (r < 0)
                r = block_refuse(request->device, "made", r, &fault);
        created(userdata, r, &fault);
}

static int make(Request *request) {
        BlockDevice *device = request->device;

        return writer_order(device->manager->writer,
                            &(const WriterOrder){
                                    .verb = WRITER_MAKE_BLOCK,
                                    .name = device->name.text,
                                    .data = &device->size_bytes,
                                    .size = sizeof(device->size_bytes),
                            },
                            on_made, request);
}

static int check_create(Manager *manager, const BlockCreateOrder *order, Fault *fault) {
        if (order->size_bytes == 0 || order->size_bytes % BLOCK_UNIT != 0)
                return fault_set(fault, FAULT_INVALID_ARGUMENT,
                                 "A block device of %" PRIu64
                                 " bytes is asked for, its size must be a multiple of 1 MiB",
                                 order->size_bytes);
        if (order->size_bytes > INT64_MAX)
                return fault_set(fault, FAULT_INVALID_ARGUMENT, "No file can have %" PRIu64 " MiB",
                                 order->size_bytes >> 20);
        if (blocks_know(manager, order->name.text))
                return fault_set(fault, FAULT_ALREADY_EXISTS, "The block device %s exists already",
                                 order->name.text);
        return 0;
}

/* Admits it; nobody else can have its name or its share from then on. */
static int reserve(BlockDevice **ret,
                   Manager *manager,
                   const BlockCreateOrder *order,
                   Fault *fault) {
        BlockDevice *device;
        Policy machine;
        int r;

        r = check_create(manager, order, fault);
        if (r >= 0)
                r = block_new(&device, manager, &order->name, order->size_bytes);
        if (r < 0)
                return r;
        device->state = BLOCK_WRITING;
        blocks_look(manager);
        manager_machine_policy(manager, &machine);
        r = claim_new(&device->claim, manager->paths, &machine,
                      &(const Demand){
                              .name = &device->name,
                              .share.block_bytes = device->size_bytes,
                      },
                      fault);
        if (r < 0) {
                block_forget(device);
                return r;
        }
        *ret = device;
        return 0;
}

void blocks_create(Manager *manager,
                   const BlockCreateOrder *order,
                   ManagerDone done,
                   void *userdata) {
        _cleanup_(freep) Request *request = NULL;
        BlockDevice *device = NULL;
        Fault fault = {};
        int r;

        r = reserve(&device, manager, order, &fault);
        if (r >= 0)
                r = request_new(&request, device, done, userdata);
        if (r >= 0)
                r = order->source.fd >= 0 ? block_take_in(device, &order->source, created, request)
                                          : make(request);
        if (r >= 0) {
                TAKE_PTR(request);
                return;
        }
        if (device)
                block_forget(device);
        done(userdata, r, &fault);
}

/* --- write --- */

static void written(void *userdata, int r, const Fault *fault) {
        _cleanup_(freep) Request *request = userdata;
        BlockDevice *device = request->device;

        block_look(device);
        if (r >= 0)
                block_log(device, MESSAGE_BLOCK_WRITTEN, "written");
        request->done(request->userdata, r, fault);
        block_set_state(device, BLOCK_IDLE);
}

void blocks_write(Manager *manager,
                  const BlockWriteOrder *order,
                  ManagerDone done,
                  void *userdata) {
        _cleanup_(freep) Request *request = NULL;
        BlockDevice *device;
        Fault fault = {};
        int r;

        r = find(&device, manager, &order->name, &fault);
        if (r >= 0)
                r = check_idle(device, &fault);
        if (r >= 0)
                r = request_new(&request, device, done, userdata);
        if (r >= 0)
                r = block_take_in(device, &order->source, written, request);
        if (r < 0) {
                done(userdata, r, &fault);
                return;
        }
        TAKE_PTR(request);
        block_set_state(device, BLOCK_WRITING);
}

/* --- read --- */

typedef struct ReadRequest {
        BlockDevice *device;
        Reader reader;
} ReadRequest;

static void was_read(void *userdata, int r, const Fault *fault) {
        _cleanup_(freep) ReadRequest *request = userdata;

        block_set_state(request->device, BLOCK_IDLE);
        if (request->reader.ended)
                request->reader.ended(request->reader.userdata);
}

int blocks_read(Manager *manager, const BlockReadOrder *order, uint64_t *ret_size, Fault *fault) {
        _cleanup_(freep) ReadRequest *request = NULL;
        BlockDevice *device;
        int r;

        r = find(&device, manager, &order->name, fault);
        if (r >= 0)
                r = check_idle(device, fault);
        if (r < 0)
                return r;
        request = calloc(1, sizeof(*request));
        if (!request)
                return -ENOMEM;
        *request = (ReadRequest){device, order->reader};
        r = block_hand_out(device, order, was_read, request, fault);
        if (r < 0)
                return r;
        TAKE_PTR(request);
        block_set_state(device, BLOCK_READING);
        *ret_size = device->size_bytes;
        return r;
}

/* --- remove --- */

static void on_removed(void *userdata, const WriterAnswer *answer) {
        _cleanup_(freep) Request *request = userdata;
        BlockDevice *device = request->device;
        Manager *manager = device->manager;

        if (answer->error < 0) {
                Fault fault = {};
                int r = block_refuse(device, "removed", answer->error, &fault);

                device->is_removing = false;
                request->done(request->userdata, r, &fault);
                return;
        }
        /* Whoever is told finds it no more, as long as it is still here. */
        request->done(request->userdata, 0, &no_fault);
        block_log(device, MESSAGE_BLOCK_REMOVED, "removed");
        manager->observer.block_removed(manager->observer.userdata, device);
        block_forget(device);
}

static int check_remove(const BlockDevice *device, Fault *fault) {
        int r;

        if (device->state != BLOCK_IDLE)
                return block_refuse_busy(device, fault);
        if (!device->unikernel)
                return 0;
        r = fault_set(fault, FAULT_BLOCK_DEVICE_BUSY,
                      "The block device %s belongs to the unikernel %s", device->name.text,
                      device->unikernel->name.text);
        fault_hint(fault, "It can be removed once that is destroyed");
        return r;
}

void blocks_remove(Manager *manager, const Name *name, ManagerDone done, void *userdata) {
        _cleanup_(freep) Request *request = NULL;
        BlockDevice *device;
        Fault fault = {};
        int r;

        r = find(&device, manager, name, &fault);
        if (r >= 0)
                r = check_remove(device, &fault);
        if (r >= 0)
                r = request_new(&request, device, done, userdata);
        if (r >= 0)
                r = order_removal(device, on_removed, request);
        if (r < 0) {
                done(userdata, r, &fault);
                return;
        }
        TAKE_PTR(request);
        device->is_removing = true;
}

/* --- with the unikernel that they belong to --- */

static void on_owned_removed(void *userdata, const WriterAnswer *answer) {
        BlockDevice *device = userdata;
        Unikernel *unikernel = device->unikernel;
        Manager *manager = device->manager;

        unikernel->n_saving--;
        if (answer->error < 0) {
                device->is_removing = false;
                unikernel->blocks_error = answer->error;
        } else {
                manager->observer.block_removed(manager->observer.userdata, device);
                block_forget(device);
        }
        unikernel_settle(unikernel);
}

int blocks_remove_owned(Unikernel *unikernel) {
        int n = 0;

        unikernel->blocks_error = 0;
        blocks_assign_some(unikernel);
        LIST_FOREACH(link, &unikernel->blocks) {
                BlockDevice *device = LIST_ENTRY(link, BlockDevice, owned);
                int r = device->state == BLOCK_IDLE
                                ? order_removal(device, on_owned_removed, device)
                                : -EBUSY;

                if (r < 0) {
                        unikernel->blocks_error = r;
                        continue;
                }
                device->is_removing = true;
                unikernel->n_saving++;
                n++;
        }
        return n;
}

int blocks_check_remove_owned(const Unikernel *unikernel, Fault *fault) {
        LIST_FOREACH(link, &unikernel->blocks) {
                const BlockDevice *device = LIST_ENTRY(link, BlockDevice, owned);

                if (device->state != BLOCK_IDLE && device->state != BLOCK_IN_USE)
                        return block_refuse_busy(device, fault);
        }
        return 0;
}
