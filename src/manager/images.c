/* SPDX-License-Identifier: ISC */

/* The store keeps an image once, however many unikernels use it; this is who does. */

#include <errno.h>
#include <fcntl.h>
#include <search.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/directory.h"
#include "manager/manager-internal.h"

struct Image {
        char digest[IMAGE_DIGEST_TEXT_SIZE];
        unsigned n_holds;
};

static int compare(const void *a, const void *b) {
        return strcmp(((const Image *) a)->digest, ((const Image *) b)->digest);
}

int image_hold(Image **ret, Manager *manager, const char *digest) {
        _cleanup_(freep) Image *image = NULL;
        void *node;

        image = calloc(1, sizeof(*image));
        if (!image)
                return -ENOMEM;
        strncpy(image->digest, digest, sizeof(image->digest) - 1);
        node = tsearch(image, &manager->images, compare);
        if (!node)
                return -ENOMEM;
        *ret = *(Image **) node;
        if (*ret == image)
                TAKE_PTR(image);
        (*ret)->n_holds++;
        return 0;
}

static int remove_file(Manager *manager, const char *digest) {
        return writer_order(manager->writer,
                            &(const WriterOrder){
                                    .verb = WRITER_REMOVE,
                                    .folder = WRITER_IMAGES,
                                    .name = digest,
                            },
                            NULL, NULL);
}

void image_release(Manager *manager, Image *image) {
        if (!image || --image->n_holds > 0)
                return;

        /* The writer carries out in order: an intake of the same bytes that publishes after this
         * brings its own copy. What a crash leaves behind is swept at the next start. */
        if (!manager->keeps_images)
                (void) remove_file(manager, image->digest);
        tdelete(image, &manager->images, compare);
        free(image);
}

int image_open(const Unikernel *unikernel, const ImageInfo *image, Fault *fault) {
        char path[sizeof("images/") + IMAGE_DIGEST_TEXT_SIZE];
        int fd;

        snprintf(path, sizeof(path), "images/%s", image->digest);
        fd = openat(unikernel->manager->state_fd, path, O_RDONLY | O_CLOEXEC);
        if (fd < 0)
                return fault_set(fault, FAULT_INVALID_IMAGE, "The image of %s can't be opened: %s",
                                 unikernel->name.text, strerror(errno));
        return fd;
}

int unikernel_hold_images(Unikernel *unikernel) {
        Version *previous = unikernel->previous;
        int r = 0;

        if (!unikernel->image_hold)
                r = image_hold(&unikernel->image_hold, unikernel->manager, unikernel->image.digest);
        if (r >= 0 && previous && !previous->image_hold)
                r = image_hold(&previous->image_hold, unikernel->manager, previous->image.digest);
        return r;
}

void unikernel_doubt(Unikernel *unikernel, Version *version) {
        version->next = unikernel->in_doubt;
        unikernel->in_doubt = version;
}

void unikernel_release_doubts(Unikernel *unikernel) {
        for (Version *version = unikernel->in_doubt; version; version = version->next)
                image_release(unikernel->manager, TAKE_PTR(version->image_hold));
        unikernel->in_doubt = version_free(unikernel->in_doubt);
}

void unikernel_release_images(Unikernel *unikernel) {
        unikernel_release_doubts(unikernel);
        image_release(unikernel->manager, TAKE_PTR(unikernel->image_hold));
        if (unikernel->previous)
                image_release(unikernel->manager, TAKE_PTR(unikernel->previous->image_hold));
}

int images_sweep(Manager *manager, bool keep) {
        _cleanup_(directory_closep) DIR *quarantine = NULL, *images = NULL;
        struct dirent *file;
        int r;

        r = directory_open(&quarantine, manager->state_fd, "quarantine");
        if (r < 0 && r != -ENOENT)
                return r;
        /* What lies there may be mended and brought back: what it refers to nobody knows. */
        manager->keeps_images = keep || (quarantine && directory_next(quarantine));
        if (manager->keeps_images)
                return 0;
        r = directory_open(&images, manager->state_fd, "images");
        if (r < 0)
                return r == -ENOENT ? 0 : r;
        while ((file = directory_next(images))) {
                Image key = {};

                if (strlen(file->d_name) != IMAGE_DIGEST_TEXT_SIZE - 1)
                        continue;
                strcpy(key.digest, file->d_name);
                if (tfind(&key, &manager->images, compare))
                        continue;
                r = remove_file(manager, file->d_name);
                if (r < 0)
                        return r;
        }
        return 0;
}
