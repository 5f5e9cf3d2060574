/* SPDX-License-Identifier: ISC */

/* The tree of block devices, and the folder that it is read from. */

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <search.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/directory.h"
#include "manager/blocks-internal.h"
#include "manager/chronicle.h"

/* Of those in use, so many are looked at again at a time: guests write to them. */
#define LOOKS_AT_ONCE 16

static const char *const state_names[N_BLOCK_STATES] = {
        [BLOCK_IDLE] = "idle",
        [BLOCK_IN_USE] = "in-use",
        [BLOCK_WRITING] = "writing",
        [BLOCK_READING] = "reading",
};

const char *block_state_to_string(BlockState state) {
        assert(state < N_BLOCK_STATES);
        return state_names[state];
}

static int compare(const void *a, const void *b) {
        return strcmp(((const BlockDevice *) a)->name.text, ((const BlockDevice *) b)->name.text);
}

BlockDevice *block_find_any(Manager *manager, const char *name) {
        BlockDevice key = {};
        void *node;

        if (strlen(name) > NAME_MAX_LENGTH)
                return NULL;
        strcpy(key.name.text, name);
        node = tfind(&key, &manager->blocks, compare);
        return node ? *(BlockDevice **) node : NULL;
}

BlockDevice *block_find(Manager *manager, const char *name) {
        BlockDevice *device = block_find_any(manager, name);

        return device && device->is_published && !device->is_removing ? device : NULL;
}

const BlockDevice *blocks_find(Manager *manager, const char *name) {
        return block_find(manager, name);
}

bool blocks_know(Manager *manager, const char *name) {
        return block_find_any(manager, name);
}

int block_new(BlockDevice **ret, Manager *manager, const Name *name, uint64_t size_bytes) {
        BlockDevice *device;
        void *node;

        device = calloc(1, sizeof(*device));
        if (!device)
                return -ENOMEM;
        device->manager = manager;
        device->name = *name;
        device->size_bytes = size_bytes;
        node = tsearch(device, &manager->blocks, compare);
        if (!node || *(BlockDevice **) node != device) {
                free(device);
                return node ? -EEXIST : -ENOMEM;
        }
        *ret = device;
        return 0;
}

static void set_allocated(BlockDevice *device, uint64_t allocated_bytes) {
        device->manager->blocks_allocated_bytes -= device->allocated_bytes;
        device->manager->blocks_allocated_bytes += allocated_bytes;
        device->allocated_bytes = allocated_bytes;
}

static void device_free(BlockDevice *device) {
        list_remove(&device->owned);
        list_remove(&device->in_use);
        claim_free(device->claim);
        free(device);
}

void block_forget(BlockDevice *device) {
        set_allocated(device, 0);
        tdelete(device, &device->manager->blocks, compare);
        device_free(device);
}

static void free_node(void *node) {
        device_free(node);
}

void blocks_free_all(Manager *manager) {
        block_transfers_free_all(manager);
        tdestroy(manager->blocks, free_node);
        manager->blocks = NULL;
}

void block_changed(BlockDevice *device) {
        if (device->is_published && !device->is_removing)
                device->manager->observer.block_changed(device->manager->observer.userdata, device);
}

void block_set_state(BlockDevice *device, BlockState state) {
        if (device->state == state)
                return;
        device->state = state;
        list_remove(&device->in_use);
        if (state == BLOCK_IN_USE)
                list_append(&device->manager->blocks_in_use, &device->in_use);
        block_changed(device);
}

/* --- its file --- */

int block_refuse(const BlockDevice *device, const char *what, int error, Fault *fault) {
        return disk_refuse(fault, error, "The block device %s could not be %s", device->name.text,
                           what);
}

/* Somebody was at it behind our back. */
static int refuse_file(const BlockDevice *device, const char *why, Fault *fault) {
        int r;

        r = fault_set(fault, FAULT_NO_SUCH_BLOCK_DEVICE,
                      "The file %s/%s of the block device can't be used: %s",
                      device->manager->settings.block_folder, device->name.text, why);
        fault_hint(fault, "Put it back as it was; or restart albatrossd.service, which looks at "
                          "what there is, and moves to quarantine what is no block device");
        return r;
}

int block_open_file(const BlockDevice *device, int flags, Fault *fault) {
        _cleanup_(fd_closep) int fd = -1;
        struct stat st;

        fd = openat(device->manager->block_fd, device->name.text,
                    flags | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
        if (fd < 0 || fstat(fd, &st) < 0)
                return refuse_file(device, strerrordesc_np(errno), fault);
        if (!S_ISREG(st.st_mode))
                return refuse_file(device, "it is no regular file any more", fault);
        if ((uint64_t) st.st_size != device->size_bytes)
                return refuse_file(device, "it has another size than it had", fault);
        return TAKE_FD(fd);
}

void block_look(BlockDevice *device) {
        struct stat st;

        if (fstatat(device->manager->block_fd, device->name.text, &st, AT_SYMLINK_NOFOLLOW) >= 0)
                set_allocated(device, (uint64_t) st.st_blocks * 512U);
}

void blocks_look(Manager *manager) {
        ListLink *link;

        for (unsigned i = 0; i < LOOKS_AT_ONCE && !list_is_empty(&manager->blocks_in_use); i++) {
                link = manager->blocks_in_use.next;
                block_look(LIST_ENTRY(link, BlockDevice, in_use));
                list_remove(link);
                list_append(&manager->blocks_in_use, link);
        }
}

int blocks_open_folder(Manager *manager, Fault *fault) {
        const char *path = manager->settings.block_folder;
        bool is_default = strcmp(path, ALBATROSS_STATEDIR "/v1/blocks") == 0;
        struct stat st;

        /* One that the administrator chose is his to make: where a disk should be mounted, and is
         * not, nothing must begin to grow. */
        if (is_default && mkdir(path, 0700) < 0 && errno != EEXIST)
                return -errno;
        manager->block_fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (manager->block_fd < 0)
                return fault_set(fault, FAULT_FAILED, "BlockPath=%s can't be opened: %s", path,
                                 strerrordesc_np(errno));
        if (fstat(manager->block_fd, &st) < 0)
                return -errno;
        if (st.st_uid != 0 || (st.st_mode & 022) != 0)
                return fault_set(fault, FAULT_FAILED,
                                 "BlockPath=%s is not root's, or others may write to it", path);
        return 0;
}

/* --- at the start --- */

static const char *describe_odd(const char *file, Name *ret_name, const struct stat *st) {
        if (name_parse(ret_name, file, NULL) < 0 || strcmp(ret_name->text, file) != 0)
                return "its name is none of a block device";
        if (!S_ISREG(st->st_mode))
                return "it is no regular file";
        if (st->st_uid != 0)
                return "it is not root's";
        if (st->st_nlink != 1)
                return "it has another name elsewhere";
        if (st->st_size <= 0 || (uint64_t) st->st_size % BLOCK_UNIT != 0)
                return "its size is no multiple of 1 MiB";
        return NULL;
}

static void on_quarantined(void *userdata, const WriterAnswer *answer) {
        if (answer->error < 0)
                log_print(LOG_ERR,
                          "What is no block device could not be moved to quarantine (%s), "
                          "and stays where it is until the next start",
                          strerror(-answer->error));
}

static int quarantine(Manager *manager, const char *file, const char *reason) {
        quarantine_log(manager->settings.block_folder, file, reason, "the others are not affected");
        return writer_order(manager->writer,
                            &(const WriterOrder){
                                    .verb = WRITER_QUARANTINE_FILE,
                                    .folder = WRITER_BLOCKS,
                                    .name = file,
                                    .target = file,
                            },
                            on_quarantined, NULL);
}

static int load(Manager *manager, const char *file) {
        const char *reason;
        BlockDevice *device;
        struct stat st;
        Name name;
        int r;

        if (fstatat(manager->block_fd, file, &st, AT_SYMLINK_NOFOLLOW) < 0)
                return -errno;
        reason = describe_odd(file, &name, &st);
        if (reason)
                return quarantine(manager, file, reason);

        r = block_new(&device, manager, &name, (uint64_t) st.st_size);
        if (r < 0)
                return r;
        device->is_published = true;
        /* With an ACL, these are the bits of its mask. */
        device->is_granted = (st.st_mode & 077) != 0;
        set_allocated(device, (uint64_t) st.st_blocks * 512U);
        return claim_restore(&device->claim, manager->paths,
                             &(const Demand){
                                     .name = &device->name,
                                     .share.block_bytes = device->size_bytes,
                             });
}

static bool is_own(const char *file) {
        return strcmp(file, WRITER_BLOCK_TMP_NAME) == 0 ||
               strcmp(file, WRITER_BLOCK_QUARANTINE_NAME) == 0 || strcmp(file, "lost+found") == 0;
}

int blocks_load(Manager *manager) {
        _cleanup_(directory_closep) DIR *directory = NULL;
        struct dirent *entry;
        int r;

        r = directory_open(&directory, manager->block_fd, ".");
        if (r < 0)
                return r;
        while ((entry = directory_next(directory))) {
                if (is_own(entry->d_name))
                        continue;
                r = load(manager, entry->d_name);
                if (r < 0 && r != -ENOENT)
                        return r;
        }
        return -errno;
}

/* --- all of them --- */

typedef struct Visit {
        const char *prefix;
        BlockVisitor visitor;
        void *userdata;
        int r;
} Visit;

static void visit_node(const void *node, VISIT which, void *closure) {
        BlockDevice *device = *(BlockDevice *const *) node;
        Visit *visit = closure;

        if ((which != postorder && which != leaf) || visit->r < 0)
                return;
        if (!device->is_published || device->is_removing ||
            !name_is_below(device->name.text, visit->prefix))
                return;
        /* The others are as they were. */
        if (device->state == BLOCK_IN_USE)
                block_look(device);
        visit->r = visit->visitor(visit->userdata, device);
}

int blocks_visit(Manager *manager, const char *prefix, BlockVisitor visitor, void *userdata) {
        Visit visit = {.prefix = prefix, .visitor = visitor, .userdata = userdata};

        twalk_r(manager->blocks, visit_node, &visit);
        return visit.r;
}
