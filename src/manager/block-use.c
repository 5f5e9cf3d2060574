/* SPDX-License-Identifier: ISC */

/* Which device belongs to which unikernel, and when that has it in use. */

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/cleanup.h"
#include "manager/blocks-internal.h"
#include "systemd/log.h"

static const char *device_label(const Block *block) {
        return block->device[0] ? block->device : block->guest;
}

static int device_name(Name *ret, const Unikernel *unikernel, const char *label, Fault *fault) {
        char text[NAME_MAX_LENGTH + 1 + NAME_LABEL_MAX + DEVICE_NAME_MAX + 1];
        int length = (int) name_path_length(&unikernel->name);

        snprintf(text, sizeof(text), "%.*s:%s", length, unikernel->name.text, label);
        return name_parse(ret, text, fault);
}

static int find_device(BlockDevice **ret,
                       const Unikernel *unikernel,
                       const Block *block,
                       Fault *fault) {
        Name name;
        int r;

        r = device_name(&name, unikernel, device_label(block), fault);
        if (r < 0)
                return r;
        *ret = block_find(unikernel->manager, name.text);
        if (*ret)
                return 0;
        r = fault_set(fault, FAULT_NO_SUCH_BLOCK_DEVICE, "There is no block device %s", name.text);
        fault_hint(fault, "See: albatrossctl block list");
        return r;
}

int block_refuse_busy(const BlockDevice *device, Fault *fault) {
        if (device->state == BLOCK_IN_USE)
                return fault_set(fault, FAULT_BLOCK_DEVICE_BUSY,
                                 "The block device %s is in use by the unikernel %s",
                                 device->name.text, device->unikernel->name.text);
        return fault_set(fault, FAULT_BLOCK_DEVICE_BUSY, "The block device %s is being %s",
                         device->name.text, device->state == BLOCK_READING ? "read" : "written");
}

/* --- who has it --- */

static void attach(BlockDevice *device, Unikernel *unikernel) {
        device->is_leaving = false;
        if (device->unikernel == unikernel)
                return;
        device->unikernel = unikernel;
        list_append(&unikernel->blocks, &device->owned);
        block_changed(device);
}

static void detach(BlockDevice *device) {
        list_remove(&device->owned);
        device->is_leaving = false;
        device->unikernel = NULL;
        block_changed(device);
}

/* Could it be @unikernel's? */
static int check_owner(const BlockDevice *device, const Unikernel *unikernel, Fault *fault) {
        if (!device->unikernel || device->unikernel == unikernel)
                return 0;
        return fault_set(fault, FAULT_BLOCK_DEVICE_BUSY,
                         "The block device %s belongs to the unikernel %s", device->name.text,
                         device->unikernel->name.text);
}

static int find_all(BlockDevice *devices[static DEVICES_MAX],
                    const Unikernel *unikernel,
                    const Devices *wanted,
                    Fault *fault) {
        int r;

        if (wanted->n_blocks > DEVICES_MAX)
                return -E2BIG;
        for (size_t i = 0; i < wanted->n_blocks; i++) {
                r = find_device(&devices[i], unikernel, &wanted->blocks[i], fault);
                if (r >= 0)
                        r = check_owner(devices[i], unikernel, fault);
                if (r < 0)
                        return r;
                for (size_t k = 0; k < i; k++)
                        if (devices[k] == devices[i])
                                return fault_set(fault, FAULT_BLOCK_DEVICE_BUSY,
                                                 "The block device %s is to be both %s and %s",
                                                 devices[i]->name.text, wanted->blocks[k].guest,
                                                 wanted->blocks[i].guest);
        }
        return 0;
}

int blocks_check(const Unikernel *unikernel, const Devices *wanted, Fault *fault) {
        BlockDevice *devices[DEVICES_MAX];

        return find_all(devices, unikernel, wanted, fault);
}

int blocks_check_open(const Unikernel *unikernel, const Devices *wanted, Fault *fault) {
        BlockDevice *devices[DEVICES_MAX];
        int r;

        r = find_all(devices, unikernel, wanted, fault);
        for (size_t i = 0; r >= 0 && i < wanted->n_blocks; i++)
                if (devices[i]->state != BLOCK_IDLE && devices[i]->state != BLOCK_IN_USE)
                        r = block_refuse_busy(devices[i], fault);
        return r;
}

int blocks_assign(Unikernel *unikernel, Fault *fault) {
        const Devices *wanted = &unikernel->config.devices;
        BlockDevice *devices[DEVICES_MAX];
        int r;

        r = find_all(devices, unikernel, wanted, fault);
        if (r < 0)
                return r;
        for (size_t i = 0; i < wanted->n_blocks; i++)
                attach(devices[i], unikernel);
        return 0;
}

void blocks_assign_some(Unikernel *unikernel) {
        const Devices *wanted = &unikernel->config.devices;

        for (size_t i = 0; i < wanted->n_blocks; i++) {
                BlockDevice *device;

                if (find_device(&device, unikernel, &wanted->blocks[i], NULL) >= 0 &&
                    check_owner(device, unikernel, NULL) >= 0)
                        attach(device, unikernel);
        }
}

void blocks_unassign(Unikernel *unikernel) {
        LIST_FOREACH(link, &unikernel->blocks) {
                BlockDevice *device = LIST_ENTRY(link, BlockDevice, owned);

                if (device->state == BLOCK_IN_USE)
                        device->is_leaving = true;
                else
                        detach(device);
        }
}

/* --- a run --- */

static int open_device(BlockDevice *device, Fault *fault) {
        if (device->state != BLOCK_IDLE)
                return block_refuse_busy(device, fault);
        return block_open_file(device, O_RDWR, fault);
}

int blocks_open(Unikernel *unikernel, int ret_fds[], Fault *fault) {
        const Devices *wanted = &unikernel->config.devices;
        BlockDevice *devices[DEVICES_MAX];
        int fds[DEVICES_MAX];
        size_t n = 0;
        int r;

        r = blocks_assign(unikernel, fault);
        while (r >= 0 && n < wanted->n_blocks) {
                r = find_device(&devices[n], unikernel, &wanted->blocks[n], fault);
                if (r >= 0)
                        r = open_device(devices[n], fault);
                if (r >= 0)
                        fds[n++] = r;
        }
        if (r < 0) {
                while (n > 0)
                        fd_close(fds[--n]);
                return r;
        }
        for (size_t i = 0; i < n; i++) {
                block_set_state(devices[i], BLOCK_IN_USE);
                ret_fds[i] = fds[i];
        }
        return 0;
}

int blocks_note(Unikernel *unikernel) {
        const Devices *devices = &unikernel->config.devices;
        BlockLabel *labels;

        if (devices->n_blocks == 0)
                return 0;
        labels = calloc(devices->n_blocks, sizeof(*labels));
        if (!labels)
                return -ENOMEM;
        for (size_t i = 0; i < devices->n_blocks; i++)
                snprintf(labels[i].text, sizeof(labels[i].text), "%.63s",
                         device_label(&devices->blocks[i]));
        free(unikernel->run->blocks);
        unikernel->run->blocks = labels;
        unikernel->run->n_blocks = devices->n_blocks;
        return 0;
}

static bool is_named(const Unikernel *unikernel, const char *label) {
        const Devices *devices = &unikernel->config.devices;

        for (size_t i = 0; i < devices->n_blocks; i++)
                if (strcasecmp(device_label(&devices->blocks[i]), label) == 0)
                        return true;
        return false;
}

static int adopt(Unikernel *unikernel, const char *label) {
        BlockDevice *device;
        Name name;
        int r;

        r = device_name(&name, unikernel, label, NULL);
        if (r < 0)
                return r;
        device = block_find(unikernel->manager, name.text);
        if (!device)
                return -ENOENT;
        r = check_owner(device, unikernel, NULL);
        if (r < 0)
                return r;
        attach(device, unikernel);
        block_set_state(device, BLOCK_IN_USE);
        device->is_leaving = !is_named(unikernel, label);
        return 0;
}

int blocks_adopt(Unikernel *unikernel) {
        int result = 0;

        for (size_t i = 0; i < unikernel->run->n_blocks; i++) {
                int r = adopt(unikernel, unikernel->run->blocks[i].text);

                if (r < 0 && result == 0)
                        result = r;
        }
        return result;
}

/* --- whom the file system lets open it --- */

static void on_taken_back(void *userdata, const WriterAnswer *answer) {
        if (answer->error < 0)
                log_print(LOG_ERR,
                          "The right of an official tender to open a block device could not "
                          "be taken back: %s",
                          strerror(-answer->error));
        uid_hold_drop(userdata, answer->error);
}

/* Whoever gets it next is granted it after this: the writer works in order. */
static void take_back(BlockDevice *device, UidHold *hold) {
        if (!device->is_granted)
                return;
        uid_hold_ref(hold);
        device->is_granted = writer_order(device->manager->writer,
                                          &(const WriterOrder){
                                                  .verb = WRITER_REVOKE_BLOCK,
                                                  .name = device->name.text,
                                          },
                                          on_taken_back, hold) < 0;
        if (!device->is_granted)
                return;
        uid_hold_drop(hold, -ENOMEM);
        log_print(LOG_ERR,
                  "The block device %s stays open to its last tender until it was "
                  "used again",
                  device->name.text);
}

void blocks_close(Unikernel *unikernel, UidHold *hold) {
        LIST_FOREACH(link, &unikernel->blocks) {
                BlockDevice *device = LIST_ENTRY(link, BlockDevice, owned);

                if (device->state != BLOCK_IN_USE)
                        continue;
                take_back(device, hold);
                block_look(device);
                block_set_state(device, BLOCK_IDLE);
                if (device->is_leaving)
                        detach(device);
        }
}

static int sweep(void *userdata, const BlockDevice *device) {
        if (device->state != BLOCK_IN_USE)
                take_back(block_find(userdata, device->name.text), NULL);
        return 0;
}

void blocks_sweep(Manager *manager) {
        (void) blocks_visit(manager, "", sweep, manager);
}

typedef struct Grant {
        unsigned n_pending;
        int r; /* the first failure */
        Fault fault;
        ManagerDone done;
        void *userdata;
} Grant;

static void on_granted(void *userdata, const WriterAnswer *answer) {
        Grant *grant = userdata;

        if (answer->error < 0 && grant->r == 0) {
                grant->r = fault_set(&grant->fault, FAULT_START_FAILED,
                                     "The block devices can't be opened to an official tender: %s",
                                     strerrordesc_np(-answer->error));
                if (answer->error == -EOPNOTSUPP)
                        fault_hint(
                                &grant->fault,
                                "Their file system has no POSIX ACLs, which BlockPath= needs for "
                                "that, see albatrossd.conf(5)");
        }
        if (--grant->n_pending > 0)
                return;
        grant->done(grant->userdata, grant->r, &grant->fault);
        free(grant);
}

static int order_grant(BlockDevice *device, uint32_t uid, Grant *grant) {
        int r;

        r = writer_order(device->manager->writer,
                         &(const WriterOrder){
                                 .verb = WRITER_GRANT_BLOCK,
                                 .name = device->name.text,
                                 .data = &uid,
                                 .size = sizeof(uid),
                         },
                         on_granted, grant);
        if (r < 0)
                return r;
        /* Also when it fails: how far it got is not known then. */
        device->is_granted = true;
        grant->n_pending++;
        return 0;
}

int blocks_grant(Unikernel *unikernel, uint32_t uid, ManagerDone done, void *userdata) {
        Grant *grant;
        int r = 0;

        if (list_is_empty(&unikernel->blocks))
                return 0;
        grant = calloc(1, sizeof(*grant));
        if (!grant)
                return -ENOMEM;
        grant->done = done;
        grant->userdata = userdata;
        LIST_FOREACH(link, &unikernel->blocks) {
                BlockDevice *device = LIST_ENTRY(link, BlockDevice, owned);

                if (r >= 0 && device->state == BLOCK_IN_USE)
                        r = order_grant(device, uid, grant);
        }
        if (grant->n_pending == 0) {
                free(grant);
                return r;
        }
        if (r < 0)
                grant->r = r;
        return 1;
}
